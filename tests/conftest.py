"""What tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.data import DATA

# How long an example takes says how busy this machine is, not whether the code is right.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Commands that tests start look for models where the tests do, wherever the data lies.
os.environ.setdefault("AISLEWATCH_MODELS", str(DATA / "models"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder (see tests.data); skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"the shared data is absent: no {DATA} (AISLEWATCH_DATA)")
    return DATA
