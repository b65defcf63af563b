"""What tests share: where the pictures, videos and models lie that are not part of the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder (AISLEWATCH_DATA, else beside the checkout); skips where it is absent."""
    place = Path(os.environ.get("AISLEWATCH_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"the shared data is absent: no {place} (AISLEWATCH_DATA)")
    return place
