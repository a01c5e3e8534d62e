"""Every named switch of the virtual scanner, and what each does to the scores of one patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner.forward_model import scan
from vbqkit.scanner.machine import Protocol, Scanner

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")


def _protocols(**changes: Any) -> Callable[[Scanner], Scanner]:
    def apply(scanner: Scanner) -> Scanner:
        return replace(scanner, protocols=tuple(replace(p, **changes) for p in scanner.protocols))

    return apply


def _timings(**changes: Any) -> Callable[[Scanner], Scanner]:
    def changed(protocol: Protocol) -> Protocol:
        return replace(protocol, timing=replace(protocol.timing, **changes))

    def apply(scanner: Scanner) -> Scanner:
        return replace(scanner, protocols=tuple(changed(p) for p in scanner.protocols))

    return apply


def _machine(**changes: Any) -> Callable[[Scanner], Scanner]:
    def apply(scanner: Scanner) -> Scanner:
        return replace(scanner, **changes)

    return apply


@dataclass(frozen=True, slots=True)
class Switch:
    """Something real that can be switched on and off.

    Attributes
    ----------
    name : str
        Its name, such as ``"saturation band"``.
    off, on : callable
        What takes a scanner to the scanner without it and with it.
    """

    name: str
    off: Callable[[Scanner], Scanner]
    on: Callable[[Scanner], Scanner]


SWITCHES = (
    Switch("magnetization transfer", _protocols(magnetization_transfer=False), _protocols(magnetization_transfer=True)),
    Switch("saturation band", _protocols(saturation_band_mm=None), _protocols(saturation_band_mm=25.0)),
    Switch("refocusing by 130 degrees", _timings(refocusing_deg=180.0), _timings(refocusing_deg=130.0)),
    Switch("slice cross-talk", _protocols(slice_crosstalk=False), _protocols(slice_crosstalk=True)),
    Switch("slice cross-talk without a gap", _protocols(gap_mm=0.0), _protocols(gap_mm=0.0, slice_crosstalk=True)),
    Switch("uneven B1+", _machine(b1_spread=0.0), _machine(b1_spread=0.3)),
    Switch("warp correction", _machine(warp_correction=False), _machine(warp_correction=True)),
    Switch("CSF pulsation", _machine(csf_flow_per_s=0.0), _machine(csf_flow_per_s=3.0)),
    Switch("CSF flow void", _machine(csf_void=0.0), _machine(csf_void=30.0)),
    Switch("breathing and pulsation ghosts", _machine(motion=0.0), _machine(motion=0.05)),
    Switch(
        "uniformity correction (PURE, CLEAR, Prescan Normalize)",
        _machine(uniformity_correction=0.0, uniformity_name=""),
        _machine(uniformity_correction=1.0),
    ),
)
"""The switches, each against its absence and with all else as the scanner has it.

Diffusion of marrow water between trabeculae is none of them: published is what bone does to T2* and R2' (0.20 per s and
mg/cm3 for marrow fat, which a spin echo takes back), and no rate by which it shortens T2 was found. What is known of it
stands in the range of T2 of marrow water in the tissue table, 21 ms by STEAM to 71 ms by CPMG."""


def switch_effects(
    phantom: Phantom,
    scanner: Scanner,
    *,
    seed: int,
    rois: Iterable[Roi] | None = None,
    switches: Iterable[Switch] = SWITCHES,
    weightings: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Scan one patient without and with each switch, and measure what the scores do.

    The score is the marrow over CSF (mean of the L1 to L4 ROI means over the CSF ROI mean: VBQ), and SNR (mean of the
    ROI means over the SD of the noise ROI) of each series. Noise and flow are drawn with the same seed, so that a
    difference comes from the switch.

    Parameters
    ----------
    phantom : Phantom
        The body.
    scanner : Scanner
        The machine to which the switches are applied.
    seed : int
        Of noise and flow.
    rois : iterable of Roi or None
        L1 to L4, CSF and noise; None: the phantom's reference ROIs.
    switches : iterable of Switch
        Which ones.
    weightings : iterable of str or None
        Which series; None: all.

    Returns
    -------
    pandas.DataFrame
        One row a switch, series and score, with columns ``switch``, ``weighting``, ``score`` (``"VBQ"`` or ``"SNR"``),
        ``without``, ``with`` and ``change_percent``.

    Raises
    ------
    ScannerError
        If ROIs are missing, or a switch does not fit the scanner; the message names the switch.
    """
    placed = {roi.label: roi for roi in (phantom.reference_rois if rois is None else rois)}
    missing = [label for label in (*SCORED_LEVELS, CSF, NOISE) if label not in placed]
    if missing:
        raise ScannerError(f"No ROI for {', '.join(missing)}: scores need L1 to L4, CSF and noise. Give them as rois=.")
    wanted = [placed[label] for label in (*SCORED_LEVELS, CSF, NOISE)]
    which = None if weightings is None else list(weightings)

    def scores(machine: Scanner) -> dict[tuple[str, str], float]:
        study = scan(phantom, machine, rng=np.random.default_rng(seed), around=wanted, weightings=which)
        return {
            (series.acquisition.weighting, name): value
            for series in study
            for name, value in _scores(series.volume(), placed).items()
        }

    rows = []
    for switch in switches:
        try:
            without, with_it = scores(switch.off(scanner)), scores(switch.on(scanner))
        except ScannerError as error:
            raise ScannerError(f"The switch '{switch.name}' does not fit scanner '{scanner.name}': {error}") from error
        for (weighting, score), before in without.items():
            after = with_it[weighting, score]
            change = 100.0 * (after / before - 1.0) if before else float("nan")
            rows.append(
                {
                    "switch": switch.name,
                    "weighting": weighting,
                    "score": score,
                    "without": before,
                    "with": after,
                    "change_percent": change,
                }
            )
    return pd.DataFrame(rows)


def _scores(volume: Volume, rois: dict[str, Roi]) -> dict[str, float]:
    marrow = float(np.mean([rois[level].measure(volume).mean for level in SCORED_LEVELS]))
    noise = rois[NOISE].measure(volume).sd
    return {"VBQ": marrow / rois[CSF].measure(volume).mean, "SNR": marrow / noise if noise else float("nan")}
