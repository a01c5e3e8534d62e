"""The sample patients, all synthetic: who they are, what can be seen in them, and the seeds their bodies grow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.canal_stenosis import CanalStenosis
from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.haemangioma import Haemangioma
from vbqkit.anatomy.findings.modic import Modic
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.findings.schmorl_node import SchmorlNode
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePatient:
    """A named virtual patient: who it is, and the seed from which the body grows.

    Attributes
    ----------
    name : str
        Such as ``"case03"``.
    title : str
        What it teaches, in a few words.
    patient : VirtualPatient
        Who is scanned, with DEXA, QCT and CT values.
    findings : tuple of Finding
        What is switched on.
    seed : int
        Seed of the body.
    repeats : str
        Name of the sample patient whose body this is, for another scanner; empty otherwise.
    """

    name: str
    title: str
    patient: VirtualPatient
    findings: tuple[Finding, ...] = ()
    seed: int = 0
    repeats: str = ""

    def phantom(self, *, in_plane_mm: float = 0.6, plane_mm: float = 1.1) -> Phantom:
        """The body; the same for a patient that repeats another."""
        return make_phantom(
            self.patient, seed=self.seed, findings=self.findings, in_plane_mm=in_plane_mm, plane_mm=plane_mm
        )


_OSTEOPOROSIS = VirtualPatient(
    age=71, sex="F", bmi=22.4, pdff=(0.555, 0.571, 0.582, 0.594), t_score=-2.9,
    bmd_g_cm2=0.757, tbs=1.192, qct_mg_cm3=66.0, hu=71.0, name="CASE04",
)  # fmt: skip

_ALL = (
    SamplePatient(
        name="case01",
        title="young reference woman",
        patient=VirtualPatient(
            age=26, sex="F", bmi=21.5, pdff=(0.252, 0.263, 0.276, 0.289), t_score=0.2,
            bmd_g_cm2=1.085, tbs=1.462, qct_mg_cm3=178.0, hu=229.0, name="CASE01",
        ),
        seed=101,
    ),
    SamplePatient(
        name="case02",
        title="healthy at 45",
        patient=VirtualPatient(
            age=45, sex="M", bmi=24.6, pdff=(0.325, 0.334, 0.348, 0.361), t_score=-0.3,
            bmd_g_cm2=1.024, tbs=1.421, qct_mg_cm3=141.0, hu=176.0, name="CASE02",
        ),
        seed=102,
    ),
    SamplePatient(
        name="case03",
        title="osteopenia",
        patient=VirtualPatient(
            age=60, sex="F", bmi=25.1, pdff=(0.452, 0.463, 0.479, 0.488), t_score=-1.7,
            bmd_g_cm2=0.884, tbs=1.301, qct_mg_cm3=101.0, hu=119.0, name="CASE03",
        ),
        findings=(SchmorlNode("L1", endplate="lower", depth_mm=4.0),),
        seed=103,
    ),
    SamplePatient(name="case04", title="osteoporosis without fracture", patient=_OSTEOPOROSIS, seed=104),
    SamplePatient(
        name="case05",
        title="osteoporosis with a fracture of L2",
        patient=VirtualPatient(
            age=76, sex="F", bmi=23.0, pdff=(0.584, 0.597, 0.611, 0.626), t_score=-3.4,
            bmd_g_cm2=0.704, tbs=1.148, qct_mg_cm3=48.0, hu=46.0, fractured=True, name="CASE05",
        ),
        findings=(Fracture("L2", shape="wedge", grade=2, acute=True),),
        seed=105,
    ),
    SamplePatient(
        name="case06",
        title="degenerative spine with Modic changes and falsely high DEXA",
        patient=VirtualPatient(
            age=68, sex="M", bmi=28.3, pdff=(0.492, 0.505, 0.513, 0.528), t_score=0.6,
            bmd_g_cm2=1.123, tbs=1.221, qct_mg_cm3=84.0, hu=95.0, name="CASE06",
        ),
        findings=(
            Modic("L4", endplate="lower", type=2, grade="B"),
            Modic("L5", endplate="upper", type=2, grade="A"),
            Modic("L2", endplate="lower", type=1, grade="A"),
            Osteophytes("L4", length_mm=6.0),
            Osteophytes("L2", length_mm=5.0),
            EndplateSclerosis("L3", endplate="upper", depth_mm=3.5),
        ),
        seed=106,
    ),
    SamplePatient(
        name="case07",
        title="haemangioma of L1 and canal stenosis at L3",
        patient=VirtualPatient(
            age=63, sex="F", bmi=26.7, pdff=(0.471, 0.482, 0.493, 0.507), t_score=-1.2,
            bmd_g_cm2=0.937, tbs=1.287, qct_mg_cm3=97.0, hu=112.0, name="CASE07",
        ),
        findings=(Haemangioma("L1", radius_mm=6.5), CanalStenosis("L3", sac_depth_mm=5.0)),
        seed=107,
    ),
    SamplePatient(
        name="case08",
        title="the osteoporosis case on another scanner",
        patient=_OSTEOPOROSIS.with_name("CASE08"),
        seed=104,
        repeats="case04",
    ),
)  # fmt: skip

SAMPLE_PATIENTS: Mapping[str, SamplePatient] = {sample.name: sample for sample in _ALL}
"""The sample patients by name, ``"case01"`` to ``"case08"``."""


def sample_patient(name: str) -> SamplePatient:
    """The sample patient of this name.

    Raises
    ------
    ScannerError
        If there is none; the message lists them.

    Examples
    --------
    >>> sample_patient("case05").findings[0].level
    'L2'
    """
    if name.lower() not in SAMPLE_PATIENTS:
        listing = "; ".join(f"{sample.name}: {sample.title}" for sample in _ALL)
        raise ScannerError(f"There is no sample patient {name!r}. There are {listing}.")
    return SAMPLE_PATIENTS[name.lower()]
