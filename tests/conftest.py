"""How property tests run everywhere: a busy computer is not a fault of the code under test."""

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

collect_ignore = [
    "reference/tptbox/make.py"
]  # made the digits beside it, with TPTBox; that is not installed for the tests
