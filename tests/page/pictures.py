"""The still pictures in a page."""

import base64
import re


def pictures_in(page: str) -> list[str]:
    """The SVG of each."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(text).decode() for text in found]
