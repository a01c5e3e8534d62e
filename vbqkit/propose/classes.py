"""What the network tells apart, in the order of its output channels."""

from __future__ import annotations

CLASSES = ("background", "body", "L5", "S1", "sacrum", "sac", "disc")
"""``body``: vertebral bodies from T9 to L4, which look alike; ``sacrum``: S2 to S5; ``sac``: the dural sac."""

BODY, L5, S1, SACRUM, SAC, DISC = range(1, 7)
"""Channels of the classes."""

HEAT = len(CLASSES)
"""Channel of the centers of the bodies down to S1: a Gaussian of 3 mm around each."""
