"""Every finding that a virtual patient can have."""

from __future__ import annotations

from vbqkit.anatomy.findings.canal_stenosis import CanalStenosis
from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.haemangioma import Haemangioma
from vbqkit.anatomy.findings.metal_hardware import MetalHardware
from vbqkit.anatomy.findings.modic import Modic
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.findings.schmorl_node import SchmorlNode
from vbqkit.anatomy.findings.scoliosis import Scoliosis
from vbqkit.anatomy.findings.transitional_vertebra import TransitionalVertebra

FINDINGS: tuple[type[Finding], ...] = (
    Fracture,
    Haemangioma,
    Modic,
    SchmorlNode,
    CanalStenosis,
    Scoliosis,
    EndplateSclerosis,
    Osteophytes,
    TransitionalVertebra,
    MetalHardware,
)
"""The kinds of findings, those with practice cases first."""
