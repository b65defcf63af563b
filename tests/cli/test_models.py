"""How models are listed in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.models import model_line

MOVENET: dict[str, Any] = {
    "name": "movenet-lightning",
    "task": "pose",
    "width": 192,
    "height": 192,
    "size_bytes": 2_900_000,
    "path": None,
    "carried": False,
    "signer": "",
    "used": False,
}
CARRIED = {"path": "/m/person-m.tflite", "carried": True}


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ({}, "not here: aislewatch model fetch"),
        ({"used": True}, "wanted: aislewatch model fetch"),
        ({"used": True, "path": "/m/movenet.tflite"}, "here, in use"),
        (CARRIED, "carried"),
        ({**CARRIED, "signer": "CN=Releases", "used": True}, "delivered, signed by CN=Releases, in use"),
    ],
)
def test_a_line_tells_where_it_is_and_whether_it_is_used_or_lacking(facts: dict[str, Any], end: str) -> None:
    assert model_line(MOVENET | facts).endswith(f"MiB  {end}")


def test_the_line_of_a_model_that_a_camera_lacks_fits_a_small_terminal() -> None:
    assert len(model_line(MOVENET | {"used": True})) <= 80
