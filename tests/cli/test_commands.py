"""The command line as a whole."""

import json
import subprocess
import sys

from vbqkit.cli import COMMANDS

LOADED = "import sys, json, vbqkit.cli; vbqkit.cli.main(['scores']); print(json.dumps(sorted(sys.modules)))"


def test_a_command_loads_none_of_the_others():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded & set(COMMANDS.values()) == {COMMANDS["scores"]}


def test_help_tells_of_every_command():
    done = subprocess.run([sys.executable, "-m", "vbqkit.cli", "--help"], capture_output=True, text=True, check=True)
    first_words = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("    ")}
    assert set(COMMANDS) <= first_words
