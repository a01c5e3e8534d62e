"""What pip says, as one line that counts packages; what is not progress is passed on. Needs Python alone."""

import re
import sys
from pathlib import Path


def main(lock: str) -> None:
    """Read pip's lines from standard input."""
    lines = Path(lock).read_text(encoding="utf-8").splitlines()
    total = sum(
        bool(re.match(r"[A-Za-z0-9]", line)) for line in lines
    )  # for every platform: a few are not for this one
    looking = sys.stdout.isatty()
    count = 0
    for line in sys.stdin:
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            count += 1
            if looking:
                print(f"\r  {min(count, total)} of {total} packages found ", end="", flush=True)
        elif line.startswith("Installing collected packages"):
            print(f"{chr(13) if looking else ''}  {count} packages found; unpacking them ...   ", flush=True)
        elif (
            not line.startswith((" ", "Using cached", "Downloading", "Looking in", "Successfully", "Ignoring"))
            and line.strip()
        ):
            print(f"{chr(10) if looking else ''}{line}", end="", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
