"""What tests share."""

from pathlib import Path

import pytest

from tests.data import DATA


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder (see tests.data); skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"the shared data is absent: no {DATA} (AISLEWATCH_DATA)")
    return DATA
