"""What a reader placed, what was proposed automatically, and the reference, side by side on one virtual patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from IPython.display import HTML

from vbqkit.errors import ProposalError
from vbqkit.exercises.against_proposal import AgainstProposal
from vbqkit.exercises.cases import SampleCase, TeachingCase
from vbqkit.exercises.faults import fault_words
from vbqkit.exercises.readers import known_case
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Slice, Volume
from vbqkit.language import decimal_sign, said, translated
from vbqkit.page.slice_picture import crop_around_all, slice_html
from vbqkit.propose import propose_rois
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS

_MARGIN_MM = (24.0, 34.0)
"""Above and below, and in front and behind."""


def show_proposals(patients: Mapping[str, TeachingCase | SampleCase], *, weighting: str = "T1") -> HTML:
    """The same of several patients side by side; see :func:`show_proposal`."""
    figures = "".join(
        show_proposal(case.volumes[weighting], caption=f"Patient {name}.").data for name, case in patients.items()
    )
    return HTML(f"<div style='display:flex;gap:14px;flex-wrap:wrap'>{figures}</div>")


def show_proposal(image: Volume, *, caption: str = "") -> HTML:
    """The slice with the ROIs that are proposed automatically; a doubtful one has a question mark behind its label.

    Parameters
    ----------
    image : Volume
        A synthetic series.
    caption : str
        Below the picture, before what the proposal says of itself.
    """
    try:
        proposal = propose_rois(image)
    except ProposalError as error:
        return HTML(_panel(image.slice(len(image) // 2), (), f"{caption} {said(str(error))}".strip()))
    marked = [p.roi.with_label(f"{p.roi.label} ?") if p.doubtful else p.roi for p in proposal.rois]
    shown = image.slice(proposal.slice_index)
    seen = (
        _scored(p.roi for p in proposal.rois)
        if proposal.named
        else [p.roi for p in proposal.rois if p.roi.label != NOISE]
    )
    crop = crop_around_all(shown, seen, margin_mm=_MARGIN_MM)
    return HTML(_panel(shown, marked, f"{caption} {said(proposal.question)}".strip(), crop=crop))


def patients_to_judge() -> dict[str, TeachingCase]:
    """Three patients of lesson 25, by letter; each has one level that must not be measured as it is proposed."""
    return {"B": known_case("haemangioma", 1), "C": known_case("modic", 3), "D": known_case("fracture", 7)}


def comparison_html(compared: AgainstProposal, case: TeachingCase | SampleCase) -> str:
    """Yours, proposed, reference: a picture of each, a table of where each ROI lies, and what it does to the score."""
    image = case.middle_slice(next(iter(case.volumes)))
    groups = {
        translated("Yours"): compared.reader_rois,
        translated("Proposed"): compared.proposed_rois,
        translated("Reference"): compared.reference_rois,
    }
    crop = crop_around_all(image, _scored(roi for rois in groups.values() for roi in rois), margin_mm=_MARGIN_MM)
    panels = "".join(_panel(image, rois, name, crop=crop) for name, rois in groups.items())
    rows = pd.DataFrame(compared.as_rows()).fillna({"doubt": ""})
    for whose in ("reader", "proposed"):
        rows[whose] = [_verdict_words(verdict) for verdict in rows[whose]]
    away = translated("mm from the reference")
    doubt = translated("the proposal's own doubt")
    head = ("ROI", translated("yours"), away, translated("proposed"), away, doubt)
    table = table_html(rows, head=head, digits=1, say=said, point=decimal_sign())
    return (  # one column as wide as the page, whatever the table needs: it scrolls in its own frame
        "<div style='display:grid;grid-template-columns:minmax(0,1fr)'>"
        f"<div style='display:flex;gap:14px;flex-wrap:wrap'>{panels}</div>"
        f"{table}{notes_html([said(str(compared))])}</div>"
    )


def _verdict_words(verdict: str) -> str:
    """A verdict of the table in the chosen language, the codes of its faults in words."""
    what, _, codes = verdict.partition(": ")
    if what != "to correct":
        return said(translated(verdict))
    return translated("to correct: {faults}", faults=", ".join(fault_words(code) for code in codes.split(", ")))


def _panel(image: Slice, rois: Sequence[Roi], caption: str, *, crop: tuple[int, int, int, int] | None = None) -> str:
    labels = ", ".join(roi.label for roi in rois) or translated("none")
    alt = translated("Sagittal slice. {caption} ROIs: {labels}.", caption=caption, labels=labels)
    return slice_html(image, alt=alt, rois=rois, crop=crop, height_px=430, caption=caption)


def _scored(rois: Iterable[Roi]) -> list[Roi]:
    return [roi for roi in rois if roi.label in (*SCORED_LEVELS, CSF)]
