"""What docs/models.md shows is true."""

import re
from pathlib import Path

from agent.models import Catalogue
from agent.vision.spec import parse_manifest

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


def test_the_example_entry_is_a_sound_manifest() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    (spec,) = parse_manifest(example[1])
    assert spec.name == "door-view"


def test_every_model_of_other_peoples_making_is_on_the_page() -> None:
    for spec in Catalogue.load().specs:
        if not spec.carried:
            assert f"| `{spec.name}` |" in PAGE
