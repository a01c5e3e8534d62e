"""``import vbqkit`` in a fresh interpreter: against importing pydicom, numpy and pandas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.timing import print_ratios, quickest_seconds

THEIRS = "import pydicom, numpy, pandas"
LIMITS = {THEIRS: 1.3}


def measure(*, rounds: int = 7) -> dict[str, float]:
    """Seconds of a fresh interpreter with each import, less those of one that imports nothing."""

    def fresh(statement: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    runs = {"import vbqkit": fresh("import vbqkit"), THEIRS: fresh(THEIRS), "nothing": fresh("pass")}
    seconds = quickest_seconds(runs, rounds=rounds)
    empty = seconds.pop("nothing")
    return {name: value - empty for name, value in seconds.items()}


def main() -> None:
    print_ratios("Start-up", measure(), ours="import vbqkit", limits=LIMITS)


if __name__ == "__main__":
    main()
