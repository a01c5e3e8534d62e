"""What the app shows: the guided page of the lesson, for the folder that the app was started on."""

from __future__ import annotations

import os

from vbqkit.studio.own_case import OwnCase

FOLDER = "VBQKIT_APP_FOLDER"
"""Environment variable that tells the page's kernel where cases are kept."""


def app_page() -> OwnCase:
    """A new case; what was kept before can be gone on with."""
    return OwnCase(folder=os.environ[FOLDER], only_inside=True)
