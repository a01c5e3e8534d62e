"""``python -m vbqkit.cli``: the command line where the script is not on the path."""

import sys

from vbqkit.cli import main

sys.exit(main())
