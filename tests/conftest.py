"""What every level shares: the seed of random tests, printed so that a run can be repeated."""

import os
import random
import time
from collections.abc import Generator

import pytest
from hypothesis import settings

from detector.lasting import lasting

# Slow and busy machines are no failure; what fails is printed so that it can be run again.
settings.register_profile("tocsin", deadline=None, print_blob=True)
#: For the long tests, and for single ones by hand: pytest --hypothesis-profile=soak tests/unit/test_correlate.py
settings.register_profile("soak", settings.get_profile("tocsin"), max_examples=500)
settings.load_profile("tocsin")

SEED = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Take the seed that was given, or the time; workers find it in their environment."""
    os.environ["TOCSIN_TEST_SEED"] = os.environ.get("TOCSIN_TEST_SEED") or str(int(time.time()))
    config.stash[SEED] = int(os.environ["TOCSIN_TEST_SEED"])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among modules and tests, which stay: it is a sixth of the processor time of many tests."""
    with lasting():
        return (yield)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to repeat this run."""
    return f"seed: {config.stash[SEED]} (the same again: make test SEED={config.stash[SEED]})"


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """The number from which this run's random tests start."""
    return pytestconfig.stash[SEED]


@pytest.fixture
def chance(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Chance that repeats with the seed, different for each test."""
    return random.Random(f"{seed} {request.node.nodeid}")
