"""How much of the laboratory is run: the short form everywhere, the long one by `make lab`."""

from __future__ import annotations

import os

import pytest

FULL = "AISLEWATCH_LAB"

needs_full = pytest.mark.skipif(
    os.environ.get(FULL) != "full", reason=f"takes long: `make lab` runs it ({FULL}=full), the short form does not"
)
