"""Fair ratios on a machine that does other things too: alternatives take turns, and the quickest run of each counts."""

from __future__ import annotations

import time
from collections.abc import Callable


def quickest_seconds(alternatives: dict[str, Callable[[], object]], *, rounds: int = 7) -> dict[str, float]:
    """Shortest time of each alternative over `rounds` rounds in which each runs once, in turn."""
    for run in alternatives.values():
        run()  # caches of files and of imported modules are warm for all
    best = dict.fromkeys(alternatives, float("inf"))
    for _ in range(rounds):
        for name, run in alternatives.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def print_ratios(title: str, seconds: dict[str, float], *, ours: str, limits: dict[str, float]) -> None:
    """One line per alternative: our time over theirs, and the limit that the project set itself."""
    print(f"{title}: {1e3 * seconds[ours]:.1f} ms for {ours}")
    for name, limit in limits.items():
        ratio = seconds[ours] / seconds[name]
        verdict = "within" if ratio <= limit else "OVER"
        print(f"  {ratio:5.2f} x {name} ({1e3 * seconds[name]:.1f} ms); {verdict} the limit of {limit:g} x")
