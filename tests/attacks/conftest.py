"""A camera and a hub that have nothing to do with each other yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.hub.keyring import Keyring
from tests.attacks.shop import Camera, camera, hub_keys


@pytest.fixture
async def shop_camera(tmp_path: Path) -> AsyncIterator[Camera]:
    async with camera(tmp_path / "camera") as made:
        yield made


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return hub_keys(tmp_path / "keys")
