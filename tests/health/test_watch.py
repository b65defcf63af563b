"""The watch over one camera's picture: once a second, learned scenes kept and restored, learned anew when asked."""

from __future__ import annotations

import numpy as np
import pytest

from agent.health.watch import KEEP_EVERY_S, KEY, PictureWatch
from hal.ports import Frame, Yuv420
from tests.health.scene import GREY, room

RNG = np.random.default_rng(3)


def frame(t_s: float) -> Frame:
    luma = np.clip(room() + RNG.normal(0, 1.5, (180, 320)), 0, 255).astype(np.uint8)
    picture = Yuv420(luma, GREY, GREY)
    return Frame(round(t_s * 10), t_s, picture, picture)


def watched(watch: PictureWatch, start_s: float, seconds: float, fps: float = 4.0) -> list[tuple[str, str]]:
    times = np.arange(start_s, start_s + seconds, 1 / fps)
    told = [sample for t_s in times for sample in watch.check(frame(float(t_s)), [])]
    return [(sample.what, str(sample.state)) for sample in told]


def test_a_scene_is_learned_kept_now_and_then_and_restored() -> None:
    kept: list[bytes] = []
    watch = PictureWatch(5.0, keep=kept.append)
    assert watch.blind == "learning"
    assert watched(watch, 0.0, 20.0) == [("image", "unknown"), ("image", "ok")]
    assert watch.unkept() == {}
    watched(watch, KEEP_EVERY_S + 30, 5.0)
    assert len(kept) == 1
    newer = watch.unkept()
    assert newer.keys() == {KEY}
    assert watch.unkept() == {}, "it is given once"
    again = PictureWatch(60.0)
    again.restore(newer[KEY], 0.0)
    assert watched(again, 1.0, 3.0) == [("image", "ok")]
    assert again.blind is None


def test_what_cannot_be_read_is_learned_anew(caplog: pytest.LogCaptureFixture) -> None:
    watch = PictureWatch(5.0)
    watch.restore(b"nothing", 0.0)
    assert "learned anew" in caplog.text
    assert watched(watch, 0.0, 10.0)


def test_rebase_learns_anew() -> None:
    watch = PictureWatch(5.0)
    watched(watch, 0.0, 10.0)
    watch.rebase()
    assert watched(watch, 10.0, 2.0) == [("image", "unknown")]
    assert watch.blind == "learning"
    assert watched(watch, 12.0, 10.0) == [("image", "ok")]


def test_rebase_forgets_the_scene_that_was_kept_and_keeps_the_new_one_at_once() -> None:
    kept: list[bytes] = []
    watch = PictureWatch(5.0, keep=kept.append)
    watched(watch, 0.0, 10.0)
    watch.rebase()
    watched(watch, 10.0, 2.0)
    assert [len(scene) > 0 for scene in kept] == [True, False]
    watched(watch, 12.0, 10.0)
    assert [len(scene) > 0 for scene in kept] == [True, False, True]
