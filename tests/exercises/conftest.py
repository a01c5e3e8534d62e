import pytest

from tests.exercises.hand_made_body import make_body, make_scan


@pytest.fixture(scope="session")
def body():
    return make_body()


@pytest.fixture(scope="session")
def scan(body):
    return make_scan(body)
