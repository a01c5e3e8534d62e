"""Random draws, so many at a time that the memory they take does not grow with the ROI."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_AT_ONCE_BYTES = 50_000_000


def blocks(n_draws: int, *, draw_bytes: int, checkpoint: Callable[[], None]) -> Iterator[slice]:
    """Draws to work out together: all of a small ROI, a few of a large one.

    Parameters
    ----------
    n_draws : int
        All draws.
    draw_bytes : int
        Memory that one draw takes while it is worked out, bytes.
    checkpoint : callable
        Called before each block; what it raises ends the work.

    Examples
    --------
    >>> list(blocks(5, draw_bytes=20_000_000, checkpoint=lambda: None))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    step = max(1, _AT_ONCE_BYTES // max(1, draw_bytes))
    for first in range(0, n_draws, step):
        checkpoint()
        yield slice(first, first + step)
