"""How text from a file may appear in a message: short, on one line, printable."""

from __future__ import annotations

MAX_SHOWN = 64
"""Letters of a header value that a message quotes. A damaged length can make one value hold half a header, with names."""


def shown(text: object, limit: int = MAX_SHOWN) -> str:
    r"""Text for a message: what cannot be printed is replaced by ``?``, and what is too long is cut off.

    Examples
    --------
    >>> shown("MR\x00\x1b[31m PET\n"), shown("x" * 100, 8)
    ('MR??[31m PET', 'xxxxxxx…')
    """
    plain = "".join(letter if letter.isprintable() else "?" for letter in str(text)[: 4 * limit].strip())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
