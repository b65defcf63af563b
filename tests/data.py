"""Where the shared data lies; tests that need it skip only where it is absent."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("AISLEWATCH_DATA", ROOT.parent / "shared" / "data"))

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA} (set AISLEWATCH_DATA)")
