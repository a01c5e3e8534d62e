"""Why a prediction misses a published effect, as far as it is known: shown beside the row, and only if it misses."""

from __future__ import annotations

from collections.abc import Mapping

MISS_REASONS: Mapping[str, str] = {}
"""Key of the effect to the reason."""
