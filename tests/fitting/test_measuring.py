"""A measured mount as facts, in words, in the record and in the configuration; whose word holds for the lens."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config import Config, parse_config
from agent.config_text import with_settings
from agent.domain import Box, Track
from agent.fitting.looks import Looks
from agent.fitting.measuring import Sizes, measured, mount_words, settings_of
from agent.fitting.record import PAGE, files_of
from agent.fitting.view import View, view_of, with_lens
from tests.fitting.test_mount import ASPECT, Walk
from tests.fitting.test_walk import record, walk_test

WALK = Walk(2.8, 24, 80, jitter=0.03)


def looks() -> Looks:
    """Of WALK, as tracks bring them."""
    found = Looks()
    for t_s, head_y, foot_y in WALK.looks():
        box = Box(0.45, head_y, 0.55, foot_y)
        found.frame([Track(1, t_s, box, 0.9, True, True, True, box.height, 0.0, t_s)])
    return found


def facts(said_by: Any = "lens", tape_m: float | None = None, seen: Looks | None = None) -> dict[str, Any]:
    return measured(seen or looks(), Sizes(WALK.stature_m, tape_m), View(WALK.view_deg, said_by), ASPECT)


def test_a_walk_is_told_in_facts_and_words() -> None:
    found = facts()
    assert found["height_m"] == pytest.approx(2.8, abs=0.1)
    assert found["tilt_deg"] == pytest.approx(24, abs=1.5)
    words = mount_words(found)
    assert words.startswith(f"the camera hangs {found['height_m']:.2f} m high (±")
    assert "looks 2" in words
    assert "assumed" not in words
    assert "if the lens sees 80° as assumed" in mount_words(facts("assumed"))
    assert facts(tape_m=2.8)["height_se_m"] < found["height_se_m"]
    assert settings_of(found) == {"height_m": round(found["height_m"], 2), "tilt_deg": round(found["tilt_deg"], 1)}


def test_a_walk_that_tells_nothing_says_why_and_whether_others_were_there() -> None:
    nobody = facts(seen=Looks())
    assert mount_words(nobody).startswith("the mount was not measured: somebody was seen whole and alone in 0 pictures")
    assert nobody["hint"]
    crowded = Looks()
    crowded.crowded = 300
    assert "you were not alone in 300 pictures" in mount_words(facts(seen=crowded))


def test_the_record_holds_the_mount() -> None:
    def page(mount: object) -> str:
        return files_of({**record(walk_test()), "mount": mount}, None)[PAGE].decode()

    assert f"The camera hangs {facts()['height_m']:.2f} m high" in page(facts())
    assert "By the walk of somebody 1.75 m tall; ±" in page(facts())
    assert "by tape the lens hangs 2.8 m high" in page(facts(tape_m=2.8))
    assert "The mount was not measured: somebody" in page(facts(seen=Looks()))
    assert "nobody said how tall they are" in page(None)


def test_what_somebody_configured_holds_before_what_the_camera_knows() -> None:
    told = parse_config("[mount]\nview_deg = 70", source="test")
    assert view_of(told, 66.0, ASPECT) == View(70, "mount")
    assert view_of(Config(), 66.0, ASPECT) == View(66.0, "lens")
    assert view_of(Config(), None, ASPECT) == View(83.27, "assumed")
    assert with_lens(told, 66.0) == told
    assert with_lens(Config(), None) == Config()
    assert with_lens(Config(), 66.0).mount.view_deg == 66.0


def test_settings_are_put_into_the_text_in_their_order() -> None:
    new = with_settings('[camera]\nname = "a"\n', "mount", {"height_m": 2.61, "tilt_deg": 27.5})
    assert new == '[camera]\nname = "a"\n\n[mount]\nheight_m = 2.61\ntilt_deg = 27.5\n'
    text = "# hung by Kim\n[mount]\nview_deg = 66\ntilt_deg = 20 # or so\n"
    changed = with_settings(text, "mount", {"height_m": 2.61, "tilt_deg": 27.5})
    assert changed == "# hung by Kim\n[mount]\nheight_m = 2.61\nview_deg = 66\ntilt_deg = 27.5\n"
