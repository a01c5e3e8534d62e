"""ROIs that are proposed in the studio: shown, but neither measured nor exported until the reader accepts them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import traitlets

from vbqkit.errors import ProposalError, VbqkitError
from vbqkit.image import Volume
from vbqkit.language import said
from vbqkit.propose import Proposal, ProposedRoi, as_the_reader_counts, propose_on_volumes
from vbqkit.propose.answer import body_number, named_doubt, names_by_counting
from vbqkit.propose.places import RoiKind
from vbqkit.propose.proposal import DOUBTFUL_BELOW
from vbqkit.propose.series import check_series
from vbqkit.roi import ProposedPlace
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.roi.origin import origin_words
from vbqkit.studio.casefile import Drawn
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.intervals import loop_beside_threads
from vbqkit.studio.measured_rois import MeasuredRois

Progress = Callable[[int, int], None]

PROPOSAL_MESSAGES = frozenset({"propose", "stop-proposing", "name", "accept", "reject"})
"""Types of the browser's messages that are answered here."""


class _Stopped(Exception):  # noqa: N818 - no error: the reader has pressed Stop
    """The reader does not want the proposal any more."""


class ProposedRois(MeasuredRois):
    """Base of the studio: asks for a proposal, keeps what the reader has not accepted apart, and tells the browser.

    The browser accepts and rejects by itself, as it moves and deletes; naming and proposing are done here.
    """

    _about_proposal = traitlets.Dict().tag(sync=True)  # title, question, remarks, view

    _may_propose = True
    _looking: threading.Event | None = None  # set to stop

    # -- what a user reads and does -------------------------------------------------------------------------------

    @property
    def proposed(self) -> tuple[ProposedRoi, ...]:
        """What was proposed and nobody has accepted, with its confidence and doubt."""
        return tuple(self._as_proposed(one) for one in self._waiting_rois)

    @property
    def question(self) -> str:
        """What the reader must say before bodies have names; empty where nothing is asked."""
        return str(self._proposal.get("question") or "") if self._unnamed() else ""

    @property
    def origins(self) -> dict[str, str]:
        """Where each ROI that counts comes from, by label: placed, accepted, or corrected and how."""
        found: dict[str, str] = {}
        for one in self._drawn:
            found.setdefault(one.roi.label, origin_words(one.roi, one.place))
        return found

    def propose(
        self, *, view: int | None = None, kind: RoiKind = "fixed", progress: Progress | None = None
    ) -> tuple[ProposedRoi, ...]:
        """Propose ROIs for the levels of the strip, CSF and noise; nothing counts until it is accepted.

        The other series of the same frame of reference are asked too: see :func:`vbqkit.propose.agreed`. What was
        proposed before and not accepted is replaced. A label that you have placed is left out, and levels that you have
        placed name the bodies.

        Parameters
        ----------
        view : int, optional
            On which view; the first on which it is possible, if not said.
        kind : {"fixed", "ellipse"}
            0.40 cm2 each, or an ellipse of 40 % of each body.
        progress : callable, optional
            ``progress(done, total)`` in series.

        Raises
        ------
        ProposalError
            If nothing can be proposed, in words.
        """
        chosen = self._view_for_proposal(view)
        proposal = propose_on_volumes(self._volumes_asked(chosen), kind=kind, progress=progress)
        self._take_proposal(chosen, proposal)
        return self.proposed

    def accept_proposed(self, labels: Iterable[str] | None = None) -> tuple[str, ...]:
        """Let proposed ROIs count as they lie: from now on they are measured and scored.

        One whose label you have placed meanwhile goes on waiting: nothing of yours is replaced.

        Parameters
        ----------
        labels : iterable of str, optional
            Which; all, if not said.

        Returns
        -------
        tuple of str
            What was accepted.

        Raises
        ------
        ProposalError
            If a label was not proposed, or a body has no name yet.
        """
        return self._accept(self._chosen(labels))

    def reject_proposed(self, labels: Iterable[str] | None = None) -> tuple[str, ...]:
        """Take proposed ROIs away; all, if no labels are given. Returns what was taken away.

        Raises
        ------
        ProposalError
            If a label was not proposed.
        """
        return self._reject(self._chosen(labels))

    def name_proposed(self, body: str, level: str) -> tuple[ProposedRoi, ...]:
        """Answer the question: say which level one body is. The others follow by counting, and wait to be accepted.

        Parameters
        ----------
        body : str
            Such as ``"body 3"``, counted from above.
        level : str
            Such as ``"L3"``.

        Raises
        ------
        ProposalError
            If there is no such body or level.
        """
        names = names_by_counting((one.roi.label for one in self._all), body, level)
        taken = {one.roi.label for one in self._all if one.accepted}
        wanted = self._wanted()
        kept, left_out = [], []
        for one in self._all:
            label = one.roi.label
            name = names.get(label)
            if body_number(label) is None:
                kept.append(_csf_named(one, names) if label == CSF and not one.accepted else one)
            elif one.accepted and name is not None:  # moved before it had a name
                kept.append(_called(one, name))
            elif name in taken:
                left_out.append(str(name))
            elif name in wanted:
                kept.append(_called(one, str(name)))
        self._change(tuple(kept))
        self._say_left_out(left_out)
        return self.proposed

    # -- how it is done -------------------------------------------------------------------------------------------

    def _accept(self, chosen: Drawn) -> tuple[str, ...]:
        unnamed = [one.roi.label for one in chosen if body_number(one.roi.label) is not None]
        if unnamed:
            raise ProposalError(
                f"{', '.join(unnamed)} cannot be accepted without a name. Say which level one of them is: in the list or by a "
                f"digit key, or name_proposed('{unnamed[-1]}', 'L5') if it is L5."
            )
        taken = {(one.frame, one.roi.label) for one in self._drawn}
        ids, left = set(), []
        for one in chosen:
            if (one.frame, one.roi.label) in taken:
                left.append(one.roi.label)
            else:
                ids.add(one.id)
            taken.add((one.frame, one.roi.label))
        if ids:
            self._change(tuple(replace(one, accepted=True) if one.id in ids else one for one in self._all))
        accepted = tuple(one.roi.label for one in chosen if one.id in ids)
        kept = f"Not accepted, as there is one already: {', '.join(left)}. Delete one of the two." if left else ""
        self._tell(" ".join(filter(None, [f"Accepted: {', '.join(accepted)}." if accepted else "", kept])))
        return accepted

    def _reject(self, chosen: Drawn) -> tuple[str, ...]:
        ids = {one.id for one in chosen}
        self._change(tuple(one for one in self._all if one.id not in ids))
        labels = tuple(one.roi.label for one in chosen)
        self._tell(f"Rejected: {', '.join(labels)}.")
        return labels

    def _tell(self, text: str) -> None:
        """Something for the status line and the screen reader."""
        self.send({"type": "said", "text": said(text)})

    def _as_proposed(self, one: DrawnRoi) -> ProposedRoi:
        view = next((view for view in self._opened if view.frame == one.frame), None)
        index = 0 if view is None else view.volume.nearest_slice(one.roi.center_mm).index
        confidence, doubt = (0.0, "") if one.place is None else (one.place.confidence, one.place.doubt)
        return ProposedRoi(roi=one.roi, confidence=confidence, doubt=doubt, slice_index=index)

    def _unnamed(self) -> list[str]:
        return [one.roi.label for one in self._waiting_rois if body_number(one.roi.label) is not None]

    def _chosen(self, labels: Iterable[str] | None) -> Drawn:
        waiting = self._waiting_rois
        if labels is None:
            return waiting
        wanted = [labels] if isinstance(labels, str) else list(labels)
        known = dict.fromkeys(one.roi.label for one in waiting)
        missing = [label for label in wanted if label not in known]
        if missing:
            raise ProposalError(
                f"{', '.join(missing)} is not proposed. Proposed and not accepted are: {', '.join(known) or 'none'}."
            )
        return tuple(one for one in waiting if one.roi.label in wanted)

    def _wanted(self) -> set[str]:
        return {*map(str, self._state["levels"]), CSF, NOISE}

    def _view_for_proposal(self, view: int | None, *, or_another: bool = False) -> int:
        """The view to propose on: the one asked for, or the first that is possible."""
        if not self._may_propose:
            raise ProposalError("Proposing is off here: you are to place the ROIs yourself.")
        if not self._opened:
            raise ProposalError("The studio shows no image, so nothing can be proposed. See the message in it.")
        if view is not None and not 0 <= view < len(self._opened):
            raise ProposalError(f"There is no view {view}; the studio shows {len(self._opened)}, counted from 0.")
        anywhere = range(len(self._opened)) if view is None or or_another else ()
        candidates: list[int] = [*([] if view is None else [view]), *anywhere]
        for index in candidates:
            try:
                check_series(self._opened[index].volume)
            except ProposalError:
                continue
            return index
        return candidates[0]  # refused when it is looked at, in words

    def _volumes_asked(self, chosen: int) -> list[Volume]:
        """The volume of the view, and those of the other views in its frame, one of each weighting."""
        frame, volumes = self._opened[chosen].frame, [self._opened[chosen].volume]
        seen = {volumes[0].acquisition.weighting, "unknown"}
        for view in self._opened:
            weighting = view.volume.acquisition.weighting
            if view.frame == frame and weighting not in seen and view.volume.refusal is None:
                seen.add(weighting)
                volumes.append(view.volume)
        return volumes

    def _take_proposal(self, index: int, proposal: Proposal) -> None:
        """Show what was proposed, in place of what was proposed before."""
        view = self._opened[index]
        own = [one.roi for one in self._drawn if one.frame == view.frame]
        proposal = as_the_reader_counts(proposal, own)
        placed, wanted = {roi.label for roi in own}, self._wanted()
        fresh, left_out = [], []
        for found in proposal.rois:
            label = found.roi.label
            if label in placed:
                left_out.append(label)
            elif label in wanted or body_number(label) is not None:
                place = ProposedPlace(roi=found.roi, confidence=found.confidence, doubt=_doubt(found))
                fresh.append(DrawnRoi(found.roi, frame=view.frame, place=place, accepted=False))
        about = {"question": proposal.question, "remarks": list(proposal.remarks), "series": view.title, "view": index}
        self._tell_proposal(about if fresh else {})
        self._change((*self._drawn, *fresh))
        self._show_slice_of(tuple(fresh))
        self._say_left_out(left_out)
        self._tell(_summary(self.proposed))

    def _say_left_out(self, labels: Sequence[str]) -> None:
        if labels:
            self._say(
                f"Not proposed, as you have placed them: {', '.join(labels)}. Your ROIs are as they were.", "note"
            )

    def _show_slice_of(self, drawn: Drawn) -> None:
        """Show the slice that most of these lie on; each studio knows its slices."""
        raise NotImplementedError

    def _tell_proposal(self, about: Mapping[str, Any]) -> None:
        self._proposal = dict(about)
        self._publish_proposal()

    def _publish_proposal(self) -> None:
        """What there is to say, as the page can take it whatever a file held."""
        series, view, remarks = (self._proposal.get(key) for key in ("series", "view", "remarks"))
        known = isinstance(view, int) and 0 <= view < len(self._opened)
        about = {
            "title": said(f"Proposed on {series}") if series else said("Proposed"),
            "question": said(str(self._proposal.get("question") or "")),
            "remarks": [said(str(remark)) for remark in remarks] if isinstance(remarks, list) else [],
            **({"view": view} if known else {}),
        }
        self.set_trait("_about_proposal", about)

    def _keep(self, drawn: Drawn, levels: Sequence[str]) -> None:
        self._publish_proposal()  # another studio may have proposed
        super()._keep(drawn, levels)

    # -- answering the browser ------------------------------------------------------------------------------------

    def _answer_about_proposals(self, content: Mapping[str, Any]) -> None:
        kind = content["type"]
        if kind == "name":
            self.name_proposed(str(content["body"]), str(content["level"]))
        elif kind in ("accept", "reject"):
            only = content.get("id")
            chosen = tuple(one for one in self._waiting_rois if only in (None, one.id))
            if not chosen:
                self._tell("Nothing is proposed: press Q.")
            elif kind == "accept":
                self._accept(chosen)
            else:
                self._reject(chosen)
        elif kind == "stop-proposing":
            if self._looking is not None:
                self._looking.set()
        elif self._looking is None:
            self._propose_for_browser(int(content["view"]))

    def _propose_for_browser(self, view: int) -> None:
        """Look in a thread, so that the studio goes on answering; the button is free again whatever happens."""
        stop = self._looking = threading.Event()
        try:
            chosen = self._view_for_proposal(view, or_another=True)
            volumes = self._volumes_asked(chosen)
            self._tell_looking(busy=True, done=0, total=len(volumes))
        except VbqkitError:
            self._end_of_looking()
            raise
        loop = loop_beside_threads()
        if loop is None:  # nobody waits for another answer, or there is no thread to look in
            self._end_of_looking(lambda: self._take_proposal(chosen, propose_on_volumes(volumes)))
            return

        def tell(done: int, total: int) -> None:
            if stop.is_set():
                raise _Stopped
            loop.call_soon_threadsafe(lambda: self._tell_looking(busy=True, done=done, total=total))

        async def look() -> None:
            try:
                proposal = await loop.run_in_executor(None, lambda: propose_on_volumes(volumes, progress=tell))
            except _Stopped:
                self._end_of_looking(lambda: self._say("Proposing was stopped.", "note"))
            except VbqkitError as error:
                self._end_of_looking(partial(self._say, str(error)))
            except BaseException:
                self._end_of_looking()
                raise
            else:
                self._end_of_looking(lambda: self._take_proposal(chosen, proposal))

        self._look_task = loop.create_task(look())  # kept: a task that nobody holds may be thrown away

    def _end_of_looking(self, act: Callable[[], None] = lambda: None) -> None:
        """Do what there is to do, and free the button."""
        try:
            act()
        except VbqkitError as error:
            self._say(str(error))
        finally:
            self._looking = None
            self._tell_looking(busy=False)

    def _tell_looking(self, *, busy: bool, done: int = 0, total: int = 0) -> None:
        self.send({"type": "proposing", "busy": busy, "done": done, "total": total})


def _summary(proposed: Sequence[ProposedRoi]) -> str:
    """What a proposal has brought, for the status line."""
    if not proposed:
        return "Nothing is proposed: see above the picture."
    doubtful = sum(one.doubtful for one in proposed)
    told = f", {doubtful} of them doubtful" if doubtful else ""
    asks = any(body_number(one.roi.label) is not None for one in proposed)
    then = "say which level one of the bodies is" if asks else "Shift+Enter accepts all, a dot goes to the next"
    return f"{len(proposed)} ROIs proposed{told}: {then}."


def _doubt(found: ProposedRoi) -> str:
    """Why a ROI is doubtful, in words: low confidence alone is a reason too."""
    if found.doubt or found.confidence >= DOUBTFUL_BELOW:
        return found.doubt
    return f"the network is not sure: confidence {found.confidence:.2f}"


def _called(one: DrawnRoi, name: str) -> DrawnRoi:
    """A body under the name that the reader's answer gives it; what was proposed for it is called so too."""
    place = None if one.place is None else replace(one.place, roi=one.place.roi.with_label(name))
    return replace(one, roi=one.roi.with_label(name), place=place)


def _csf_named(one: DrawnRoi, names: dict[str, str]) -> DrawnRoi:
    if one.place is None:
        return one
    return replace(one, place=replace(one.place, doubt=named_doubt(one.place.doubt, names)))
