"""Which study a guided page is about: dropped on it, at a path, or copied into the folder before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.formats.files import user_path
from vbqkit.formats.intake import COPY_ENDING, free_code, studies_in
from vbqkit.html_table import notes_html
from vbqkit.page.message import alert_html
from vbqkit.studio.case_folder import make_folder
from vbqkit.studio.drop_zone import DropZone

_BEGIN = (
    "One examination of the lumbar spine, with the sagittal series. Before any picture is shown, it is searched for what "
    "identifies the patient. It screens and teaches; it does not diagnose."
)
_COPIED = (
    "The study lies in {name} in your folder, under new names of files; what it says of the patient is in it as before. Delete that "
    "folder when you need it no longer."
)


def checked_code(code: str) -> str:
    """What a case is called, as part of the names of its files.

    Raises
    ------
    FormatError
        If it is no possible part of a file name.

    Examples
    --------
    >>> checked_code("A17")
    'A17'
    """
    if not code or not all(letter.isalnum() or letter in "-_" for letter in code):
        raise FormatError(f"The code {code!r} becomes part of file names: use letters, digits, - and _ only.")
    return code


class StudyIntake(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Asks for a study: what the case is called, and what to drop, or a path, or a case to go on with.

    Parameters
    ----------
    folder : Path
        Where cases are kept; a study that is dropped is copied into it.
    code : str
        What the case is called, if nothing else is typed.
    given : callable
        Called with the path of the study, the code, and what to say about the copy.
    only_inside : bool
        Whether a typed path must lie in `folder`.
    """

    def __init__(
        self, folder: Path, code: str, given: Callable[[Path, str, str], None], *, only_inside: bool = False
    ) -> None:
        self._folder, self._given, self._only_inside = folder, given, only_inside
        self.code = ipywidgets.Text(
            value=free_code(folder, code), description="Code", placeholder="a pseudonym, no name"
        )
        self.zone = DropZone(self._where, self._dropped)
        self.path = ipywidgets.Text(description="Path", placeholder="or type where it lies", layout={"width": "620px"})
        check = ipywidgets.Button(description="Open this path", layout={"width": "max-content"})
        check.on_click(lambda _: self._typed())
        self._told = ipywidgets.HTML()
        head = ipywidgets.HTML(
            f"<h3>Your study</h3>{notes_html([_BEGIN, f'Kept in {folder.resolve()}, and nowhere else.'])}"
        )
        rows = [self.code, self.zone, ipywidgets.HBox([self.path, check])]
        before = studies_in(folder)
        if before:
            self.before = ipywidgets.Dropdown(options=sorted(before), description="Go on with")
            go_on = ipywidgets.Button(description="Go on", layout={"width": "max-content"})
            go_on.on_click(lambda _: self._go_on())
            rows.insert(0, ipywidgets.HBox([self.before, go_on]))
        super().__init__([head, *rows, self._told])

    def _where(self) -> tuple[Path, str]:
        code = checked_code(self.code.value.strip())
        return make_folder(self._folder), code

    def _dropped(self, study: Path) -> None:
        self._given(study, study.name.removesuffix(COPY_ENDING), _COPIED.format(name=study.name))

    def _go_on(self) -> None:
        code = str(self.before.value)
        study = studies_in(self._folder).get(code)
        self._told.value = "" if study else alert_html(f"The study of {code} is not there any longer. Drop it again.")
        if study:
            self._given(study, code, "")

    def _typed(self) -> None:
        self._told.value = ""
        try:
            code = checked_code(self.code.value.strip())
            path = user_path(self.path.value.strip())
            if self._only_inside:
                path = inside(self._folder, path)
        except VbqkitError as error:
            self._told.value = alert_html(str(error))
            return
        self._given(path, code, "")


def inside(folder: Path, path: Path) -> Path:
    """The real path, if it lies in a folder; a relative one starts there.

    Raises
    ------
    FormatError
        If it lies elsewhere, by ``..`` or by a link.
    """
    try:
        real, home = (folder / path).resolve(), folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise FormatError("This is no possible path. Drop the study instead.") from error
    if not real.is_relative_to(home):
        raise FormatError(
            "This page opens what lies in its own folder, and this path leads out of it. Drop the study instead."
        )
    return real
