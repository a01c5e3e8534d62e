"""Numbers and dates as the chosen language writes them. For people only: files keep the decimal point."""

from __future__ import annotations

from datetime import datetime

from vbqkit.language.choosing import language


def decimal_sign(code: str | None = None) -> str:
    """What stands before the decimals.

    Examples
    --------
    >>> decimal_sign("de"), decimal_sign("zh_CN"), decimal_sign("en")
    (',', '.', '.')
    """
    code = code or language()
    if code == "en":
        return "."
    from babel.numbers import get_decimal_symbol  # noqa: PLC0415  # English does without Babel

    return str(get_decimal_symbol(code))


def number(x: float, decimals: int = 0) -> str:
    """A number with so many decimals, without signs between thousands, which are read as decimals elsewhere.

    Examples
    --------
    >>> from vbqkit.language import set_language
    >>> set_language("sk")
    >>> number(1234.5, 2)
    '1234,50'
    >>> set_language(None)
    >>> number(1234.5, 2)
    '1234.50'
    """
    return digits(x, f".{decimals}f")


def digits(x: float, form: str = ".4g") -> str:
    """A number in a format of Python's, with the language's sign before the decimals.

    Examples
    --------
    >>> digits(2.5612), digits(-12.4, "+.0f")
    ('2.561', '-12')
    """
    return format(x, form).replace(".", decimal_sign())


def date(when: datetime) -> str:
    """A day and a time as they are written in the chosen language; in English the day first, as the course does.

    Examples
    --------
    >>> from vbqkit.language import set_language
    >>> set_language("de")
    >>> date(datetime(2026, 11, 30, 14, 5))
    '30.11.2026, 14:05'
    >>> set_language(None)
    >>> date(datetime(2026, 11, 30, 14, 5))
    '30 November 2026, 14:05'
    """
    code = language()
    if code == "en":
        return f"{when.day} {when:%B %Y, %H:%M}"
    from babel.dates import format_datetime  # noqa: PLC0415  # English does without Babel

    return str(format_datetime(when.replace(tzinfo=None), "medium", locale=code)).removesuffix(f":{when:%S}")
