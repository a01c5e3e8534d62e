"""What the papers printed, each number with its source and setting, and what can be recomputed from it."""

from vbqkit.literature.ledger import coverage, coverage_summary, ledger
from vbqkit.literature.printed import printed_numbers
from vbqkit.literature.tables import (
    paper_000_levels,
    paper_000_patients,
    paper_000_reference,
    published_correlations,
    published_groups,
    published_sources,
    published_thresholds,
)
from vbqkit.literature.thresholds import thresholds_for

__all__ = [
    "coverage",
    "coverage_summary",
    "ledger",
    "paper_000_levels",
    "paper_000_patients",
    "paper_000_reference",
    "printed_numbers",
    "published_correlations",
    "published_groups",
    "published_sources",
    "published_thresholds",
    "thresholds_for",
]
