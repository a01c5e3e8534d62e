"""The ROIs of a studio as Python's truth: shared with the browser and with a case file, and nothing lost in between."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import anywidget
import ipywidgets
import traitlets

from vbqkit.errors import Caution, RoiError, VbqkitError
from vbqkit.image import Volume
from vbqkit.studio.annotations import Annotations, merged_annotations, read_annotations
from vbqkit.studio.casefile import CaseFile, Drawn, SavedCase, merged
from vbqkit.studio.drawn_roi import DrawnRoi, from_wire, to_wire
from vbqkit.studio.messages import Message, Weight, in_order
from vbqkit.studio.presence import is_open_elsewhere
from vbqkit.studio.watch import Watch

LEVEL_STRIP = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")

MOST_ROIS = 1000
"""More are refused: they could not be seen, and each drag would measure them all."""

_REMEMBERED = 30  # of Python's words, that a late answer of the browser may not have seen

_OPEN_ELSEWHERE = (
    "{name} is open in another window or notebook too. Each takes over what the other writes, when it is used again. Close one of "
    "them: two readers of one case should each have a case of their own."
)
_CHANGED_ELSEWHERE = (
    "{name} was changed by another window or notebook, and this one has taken that over. A ROI that both changed is there twice: "
    "look at every ROI, and delete one."
)

_open_studios: weakref.WeakSet[SharedRois] = weakref.WeakSet()


def check_number(drawn: Drawn) -> None:
    """Refuse more ROIs than a studio holds."""
    if len(drawn) > MOST_ROIS:
        raise RoiError(
            f"{len(drawn)} ROIs are too many for the studio; it holds {MOST_ROIS} at most. Show fewer, or measure them all in "
            "Python: [roi.measure(volume) for roi in rois]."
        )


class SharedRois(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is untyped for mypy
    """Base of the studio: keeps the ROIs, hears of changes from the browser, writes the case file, calls back.

    A child measures in ``_measure``, which is called after every change and before the callbacks.
    """

    _state = traitlets.Dict().tag(sync=True, echo_update=False)  # others hear of a change after the answer to it
    _messages = traitlets.List().tag(sync=True)
    _watch = traitlets.Instance(Watch, allow_none=True).tag(sync=True, **ipywidgets.widget_serialization)

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Self], None]] = []
        self._all: Drawn = ()
        self._drawn: Drawn = ()  # those of them that count
        self._annotations: Annotations = ()  # rulers and the like: kept and shown, never measured
        self._annotated: dict[int, Annotations] = {}  # as `_pushed`
        self._proposal: dict[str, Any] = {}  # what there is to say of those that do not count yet
        self._pushed: dict[int, Drawn] = {}  # what was there before each word of Python's
        self._case: CaseFile | None = None
        self._about_images: tuple[Message, ...] = ()
        self._said: tuple[Message, ...] = ()  # about what was done, newest first
        self._of_files: tuple[Caution, ...] = ()  # about the ROI files that were read
        self._not_kept = ""  # why the case file could not be written
        self._complete = False  # whether the page may hear of it
        super().__init__()
        self.observe(self._on_state, "_state")
        _open_studios.add(self)

    def open(self) -> None:
        """Tell the page of this widget, but only when all that the page reads is set.

        The base class tells it within its own constructor, and the rest would follow in messages of their own: a page
        that draws between the two finds neither options nor views.
        """
        if self._complete:
            self._watch = Watch(self.case_file)
            super().open()
            self._watch.set_trait("_of", self.model_id or "")

    def close(self) -> None:
        """End the widget; its case file stays."""
        if self._watch is not None:
            self._watch.close()
        super().close()

    def _measure(self) -> None:
        raise NotImplementedError

    @property
    def case_file(self) -> Path | None:
        """The file that the ROIs are kept in."""
        return None if self._case is None else self._case.path

    def on_change(self, callback: Callable[[Self], None]) -> None:
        """Call `callback(studio)` after every finished change, when Python's numbers are there."""
        self._callbacks.append(callback)

    def _open_case(self, path: str | Path | None, drawn: Drawn, image: Volume | None) -> tuple[Drawn, Sequence[str]]:
        if path is None:
            return drawn, LEVEL_STRIP
        case_file = CaseFile(Path(path), image)
        try:
            case = case_file.read()
            check_number(case.drawn)
        except VbqkitError as error:
            self._case = case_file.elsewhere()
            self._say(f"{error} It is left as it is; what you place now is kept in {self._case.path.name}.")
            return drawn, LEVEL_STRIP
        self._case = case_file
        self._take_cautions(case.cautions)
        self._proposal = case.proposal
        self._take_annotations(case)
        if is_open_elsewhere(case_file.path):
            self._say(_OPEN_ELSEWHERE.format(name=case_file.path.name), "caution")
        return case.drawn or drawn, case.levels or LEVEL_STRIP

    def _take_annotations(self, case: SavedCase) -> None:
        """Those of a case file, and in words what of them could not be read."""
        self._annotations = case.annotations
        for problem in case.problems:
            self._say(problem)

    @property
    def annotations(self) -> Annotations:
        """Rulers, angles, probes and the count of levels: kept with the case file, never measured or scored."""
        return self._annotations

    @property
    def _waiting_rois(self) -> Drawn:
        """ROIs that were proposed, and that no reader has accepted: nothing measures them."""
        return tuple(one for one in self._all if not one.accepted)

    def _hold(self, drawn: Drawn) -> None:
        """Take these for what lies in the studio, and tell apart what counts."""
        self._all = drawn
        self._drawn = tuple(one for one in drawn if one.accepted)

    def _change(self, drawn: Drawn) -> None:
        """A change from Python's side: these are all there are, whether they count or not."""
        check_number(drawn)
        self._keep(self._save(drawn), self._state["levels"])
        self._announce()

    def _keep(self, drawn: Drawn, levels: Sequence[str]) -> None:
        revision = max([int(self._state.get("revision", 0)), *self._pushed]) + 1
        self._pushed[revision] = self._all
        self._annotated[revision], _ = read_annotations(self._state.get("annotations", []))
        for old in sorted(self._pushed)[:-_REMEMBERED]:
            del self._pushed[old], self._annotated[old]
        self._hold(drawn)
        state = {
            "revision": revision,
            "base": revision,
            "rois": [to_wire(one) for one in drawn],
            "levels": list(levels),
        }
        self.set_trait("_state", state | {"annotations": [one.to_wire() for one in self._annotations]})
        self._measure()

    def _on_state(self, change: Mapping[str, Any]) -> None:
        """The browser reports a finished change."""
        new = change["new"]
        if new["revision"] == new["base"]:
            return  # Python's own
        drawn = self._read_wires(new.get("rois", []))
        annotations, problems = read_annotations(new.get("annotations", []))
        for problem in problems:
            self._say(problem)
        unseen = [revision for revision in self._pushed if revision > new["base"]]
        if unseen:  # Python spoke while the browser did: both started from what was there before
            known = {one.id: to_wire(one) for one in self._pushed[min(unseen)]}
            drawn = merged(known, drawn, self._all)
            annotations = merged_annotations(self._annotated[min(unseen)], annotations, self._annotations)
        self._annotations = annotations
        kept = self._save(drawn, new["levels"])
        if unseen or kept is not drawn or problems or self._annotations != annotations:
            self._keep(kept, new["levels"])
        else:
            self._hold(kept)
            self._measure()
            self.send_state("_state")
        self._announce()

    def _read_wires(self, wires: Iterable[Mapping[str, Any]]) -> Drawn:
        """What the browser says is there; a ROI that is as it was stays the same object and is not measured again."""
        known = {one.id: one for one in self._all}
        drawn: list[DrawnRoi] = []
        for wire in wires:
            old = known.get(wire.get("id", ""))
            try:
                drawn.append(old if old is not None and to_wire(old) == wire else from_wire(wire))
            except VbqkitError as error:
                self._say(str(error))
        return tuple(drawn)

    def _save(self, drawn: Drawn, levels: Sequence[str] | None = None) -> Drawn:
        """Write the case file; returns the ROIs with what others added to it."""
        if self._case is None:
            return drawn
        try:
            strip = self._state["levels"] if levels is None else levels
            kept = self._case.write(drawn, strip, self._of_files, self._proposal, self._annotations)
            self._annotations = self._case.annotations
        except VbqkitError as error:
            self._say_not_kept(str(error))
            return drawn
        if self._not_kept:
            self._say_not_kept("")
            self._say(f"The ROIs are kept in {self._case.path.name} again.", "note")
        for other in list(_open_studios):
            if other is not self and other.case_file == self._case.path:
                other._refresh(quietly=True)
        if [to_wire(a) for a in kept] == [to_wire(b) for b in drawn]:
            return drawn
        self._say(_CHANGED_ELSEWHERE.format(name=self._case.path.name), "caution")
        return kept

    def _say_not_kept(self, why: str) -> None:
        """Why the case file cannot be written now, in place of what was so before."""
        self._said = tuple(one for one in self._said if one.text != self._not_kept)
        self._not_kept = why
        if why:
            self._say(why)

    def _refresh(self, *, quietly: bool = False) -> None:
        """Take in what another studio wrote to the case file; quietly where both belong to one kernel."""
        if self._case is None or not self._case.changed():
            return
        try:
            case = self._case.read()
        except VbqkitError as error:
            self._say(str(error))
            return
        self._take_cautions(case.cautions)
        self._proposal = case.proposal or self._proposal
        before = self._annotations
        self._take_annotations(case)
        others = [to_wire(one) for one in case.drawn] != [to_wire(one) for one in self._all]
        if others or self._annotations != before:
            self._keep(case.drawn, case.levels or self._state["levels"])
            if not quietly:
                self._say(_CHANGED_ELSEWHERE.format(name=self._case.path.name), "caution")
            self._announce()

    def _rescue(self, known: Iterable[Mapping[str, Any]], mine: Iterable[Mapping[str, Any]]) -> None:
        """Take in what the page placed for an earlier kernel, which did not answer any more."""
        base = {one.id: to_wire(one) for one in self._read_wires(known)}
        drawn = merged(base, self._read_wires(mine), self._all)
        if [to_wire(one) for one in drawn] != [to_wire(one) for one in self._all]:
            self._change(drawn)
            self._say("What was placed while Python did not answer has been taken over: look at every ROI.", "caution")

    def _announce(self) -> None:
        for callback in self._callbacks:
            callback(self)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Everything that is wrong, or was, with the weight and the series it belongs to: refusals first."""
        return in_order((*self._said, *self._about_images))

    def _say(self, text: str, weight: Weight = "failure") -> None:
        """Say something about what was done; what is said again is the newest again."""
        message = Message(text, weight)
        self._said = (message, *(one for one in self._said if one != message))
        self._tell_messages()

    def _take_cautions(self, cautions: Iterable[Caution]) -> None:
        """What is odd about a ROI file: it is said, and goes with every score from now on."""
        new = [caution for caution in cautions if caution not in self._of_files]
        self._of_files = (*self._of_files, *new)
        for caution in new:
            self._say(caution.message, "caution")

    def _say_of_images(self, messages: Iterable[Message]) -> None:
        """Say this of the images, instead of what was said of them before."""
        self._about_images = tuple(messages)
        self._tell_messages()

    def _tell_messages(self) -> None:
        self.set_trait("_messages", [message.for_browser() for message in self.messages])
