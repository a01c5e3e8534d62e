"""How a series was scanned, as far as its signal and noise depend on it: what two scans must share to be compared."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vbqkit.acquisition import Acquisition
from vbqkit.errors import FormatError, shown
from vbqkit.image import Volume
from vbqkit.protocol_words import is_code, safe_text

Kind = Literal["scanner", "coil", "weighting", "noise"]
"""What an item changes. ``"scanner"``: everything; ``"coil"``: noise, and signal from place to place; ``"weighting"``:
the contrast of tissues, and with it every score; ``"noise"``: the noise alone, and with it SNR and M-score."""

TOLERANCE = 0.02
"""Numbers that differ by less than this share are the same: headers round field strength and times. Our choice."""


@dataclass(frozen=True, slots=True)
class ProtocolItem:
    """One thing that a protocol states."""

    name: str
    words: str
    kind: Kind
    unit: str = ""
    needed: bool = False


ITEMS = (
    ProtocolItem("vendor", "manufacturer", "scanner", needed=True),
    ProtocolItem("model", "model", "scanner", needed=True),
    ProtocolItem("field_t", "field strength", "scanner", "T", needed=True),
    ProtocolItem("coil", "coil", "coil", needed=True),
    ProtocolItem("scanning_sequence", "sequence", "weighting", needed=True),
    ProtocolItem("sequence_variant", "sequence variant", "weighting"),
    ProtocolItem("sequence_name", "name of the sequence", "weighting"),
    ProtocolItem("scan_options", "scan options", "weighting"),
    ProtocolItem("fat_suppressed", "fat suppression", "weighting"),
    ProtocolItem("tr_ms", "TR", "weighting", "ms", needed=True),
    ProtocolItem("te_ms", "TE", "weighting", "ms", needed=True),
    ProtocolItem("ti_ms", "TI", "weighting", "ms"),
    ProtocolItem("flip_angle_deg", "flip angle", "weighting", "degrees"),
    ProtocolItem("echo_train_length", "echo train length", "weighting"),
    ProtocolItem("bandwidth_hz_per_px", "bandwidth", "noise", "Hz/px"),
    ProtocolItem("averages", "averages", "noise"),
    ProtocolItem("slice_thickness_mm", "slice thickness", "noise", "mm"),
    ProtocolItem("row_mm", "pixel height", "noise", "mm"),
    ProtocolItem("col_mm", "pixel width", "noise", "mm"),
    ProtocolItem("acquired_matrix", "acquired matrix", "noise"),
    ProtocolItem("parallel_technique", "parallel imaging", "noise"),
    ProtocolItem("parallel_factor", "reduction factor", "noise"),
    ProtocolItem("processing", "filters and corrections", "noise"),
)
"""Everything that is compared, in the order in which it is said."""

_SHORTEST = 3  # letters of a code, too few to name anybody
_BY_NAME = {item.name: item for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Difference:
    """What two protocols state differently: the item, and both values in words."""

    item: ProtocolItem
    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.item.words}: {self.one} here, {self.other} there"


@dataclass(frozen=True, slots=True)
class ScanProtocol:
    """Scanner, coil and protocol of one series, without anything about the patient.

    Attributes
    ----------
    values : mapping of str to value
        By the names of :data:`ITEMS`; what the header does not state is not in it. A text with a word that could be a
        name is replaced by ``***`` and eight digits of its SHA-256, so that equal texts stay equal.
    """

    values: Mapping[str, Any]

    @classmethod
    def of(cls, volume: Volume, *, coil: str = "") -> ScanProtocol:
        """The protocol of a series.

        Parameters
        ----------
        volume : Volume
            With its header.
        coil : str
            The receive coil, where you know it better than the header, or the header is silent.

        Examples
        --------
        >>> import numpy as np
        >>> affine = np.diag([4.0, 0.7, 0.7, 1.0])[[0, 2, 1, 3]]
        >>> t1 = Volume(np.zeros((3, 8, 6)), affine, acquisition=Acquisition(vendor="GE", tr_ms=600.0))
        >>> ScanProtocol.of(t1, coil="Spine 8").values["coil"]
        'Spine 8'
        """
        a: Acquisition = volume.acquisition
        _, row_mm, col_mm = volume.spacing_mm
        found: dict[str, Any] = {}
        for item in ITEMS:
            value = getattr(a, item.name, None)
            if item.name in ("row_mm", "col_mm"):
                value = round(float(row_mm if item.name == "row_mm" else col_mm), 4)
            elif item.name == "coil":
                value = coil.strip() or value
            elif item.name == "processing":
                value = (*a.image_type[2:], *a.processing)
            found[item.name] = _kept(value)
        return cls({name: value for name, value in found.items() if value not in (None, ())})

    @classmethod
    def from_json(cls, content: Any, where: str) -> ScanProtocol:
        """A protocol as a file keeps it.

        Raises
        ------
        FormatError
            If it is none.
        """
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            raise FormatError(
                f"{where}: the protocol is damaged; an object was expected. Restore the file from a copy."
            )
        unknown = [name for name in content if name not in _BY_NAME]
        if unknown:
            raise FormatError(
                f"{where}: the protocol states {shown(unknown[0])!r}, which is not known. Restore the file."
            )
        for name, value in content.items():
            plain = value if isinstance(value, list) else [value]
            if not plain or not all(isinstance(v, (str, bool, int, float)) for v in plain):
                raise FormatError(f"{where}: {name} of the protocol is {shown(value)!r}. Restore the file from a copy.")
        return cls({name: tuple(v) if isinstance(v, list) else v for name, v in content.items()})

    def as_json(self) -> dict[str, Any]:
        """As a file keeps it."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in self.values.items()}

    def missing(self) -> tuple[str, ...]:
        """What must be known and is not stated, in words."""
        return tuple(item.words for item in ITEMS if item.needed and item.name not in self.values)

    def differences(self, other: ScanProtocol, *, kinds: Iterable[Kind] | None = None) -> tuple[Difference, ...]:
        """What this protocol and another one state differently; what neither states is no difference.

        Parameters
        ----------
        other : ScanProtocol
            The other one.
        kinds : iterable of Kind, optional
            Look at these kinds of items only.
        """
        asked = None if kinds is None else set(kinds)
        found = []
        for item in ITEMS:
            if asked is not None and item.kind not in asked:
                continue
            one, two = self.values.get(item.name), other.values.get(item.name)
            if not _same(one, two):
                found.append(Difference(item, _words(one, item), _words(two, item)))
        return tuple(found)

    def __str__(self) -> str:
        """The most telling items in one line."""
        said = [
            _words(self.values[item.name], item)
            if item.kind in ("scanner", "coil")
            else f"{item.words} {_words(self.values[item.name], item)}"
            for item in ITEMS
            if item.needed and item.name in self.values
        ]
        return ", ".join(said) or "nothing is stated"


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        safe = value if is_code(value) or len(value) <= _SHORTEST else safe_text(value)
        return value if safe == value else f"{safe} {hashlib.sha256(value.encode()).hexdigest()[:8]}"
    if isinstance(value, tuple):
        return tuple(_kept(one) for one in value)
    return value


def _same(one: Any, two: Any) -> bool:
    number = (int, float)
    if isinstance(one, number) and isinstance(two, number) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=1e-9)
    if isinstance(one, str) and isinstance(two, str):
        return one.strip().casefold() == two.strip().casefold()
    return bool(one == two)


def _words(value: Any, item: ProtocolItem) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {item.unit}".strip()
