"""Files of poses: every mistake is told, and a score depends on what is done, not on size, place or time in view."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.vision.pose_file import PosesUnreadable, PoseTable, concealment_scores, read_table
from hal.simulated.scenario.acts import take
from hal.simulated.scenario.idle_acts import browse
from hal.simulated.scenario.rare_acts import hide_under_jacket
from tests.rules.acting import ASPECT, poses_of, visit_of

FPS = 8.0
Arrays = dict[str, NDArray[Any]]


def arrays() -> Arrays:
    """Somebody hides something under the jacket, at 720 lines."""
    visit = visit_of([browse, hide_under_jacket, take], 3, turned_deg=40.0)
    poses = [pose for _, pose in poses_of(visit, FPS)]
    xy = np.array([[(p.x * 720 * ASPECT, p.y * 720) for p in pose.points] for pose in poses])
    conf = np.array([[p.confidence for p in pose.points] for pose in poses])
    return {
        "person": np.full(len(poses), 4), "frame": np.arange(len(poses)) + 100, "xy": xy, "conf": conf,
        "fps": np.array(FPS),
    }  # fmt: skip


WHOLE = arrays()


def scores(given: Arrays) -> NDArray[np.float64]:
    return concealment_scores(read_table(given))


def changed(**some: Any) -> Arrays:
    return {**WHOLE, **{name: np.asarray(value) for name, value in some.items()}}


def test_a_score_a_row_that_rises_with_the_hiding() -> None:
    found = scores(WHOLE)
    assert found.shape == WHOLE["frame"].shape
    assert ((found > 0) & (found < 1)).all()
    assert found.max() > 4 * np.median(found)


@settings(max_examples=6, deadline=None)
@given(size=st.floats(0.2, 5.0), x=st.floats(-2000, 2000), y=st.floats(-2000, 2000))
def test_size_and_place_in_the_picture_do_not_count(size: float, x: float, y: float) -> None:
    assert scores(changed(xy=WHOLE["xy"] * size + (x, y))) == pytest.approx(scores(WHOLE), abs=2e-3)


def test_time_in_view_does_not_count() -> None:
    before = 120
    waiting = {name: np.repeat(WHOLE[name][:1], before, axis=0) for name in ("person", "xy", "conf")}
    longer = {name: np.concatenate([waiting[name], WHOLE[name]]) for name in waiting}
    longer["frame"] = np.arange(before + len(WHOLE["frame"])) + 100
    longer["fps"] = WHOLE["fps"]
    assert scores(longer)[before + 40 :] == pytest.approx(scores(WHOLE)[40:], abs=0.01)


def test_rows_may_come_in_any_order_and_people_do_not_disturb_each_other() -> None:
    order = np.random.default_rng(2).permutation(len(WHOLE["frame"]))
    mixed = {name: values if name == "fps" else values[order] for name, values in WHOLE.items()}
    assert scores(mixed) == pytest.approx(scores(WHOLE)[order])
    other = {name: values if name == "fps" else np.concatenate([values, values]) for name, values in WHOLE.items()}
    other["person"] = np.array(["a"] * len(order) + ["b"] * len(order))
    assert scores(other) == pytest.approx(np.tile(scores(WHOLE), 2))


def test_lost_joints_may_be_anywhere() -> None:
    xy, conf = WHOLE["xy"].copy(), WHOLE["conf"].copy()
    conf[20:30, :5] = 0.0
    xy[20:30, :5] = np.nan
    assert np.isfinite(scores(changed(xy=xy, conf=conf))).all()


def test_a_body_without_a_torso_gets_a_low_score() -> None:
    conf = WHOLE["conf"].copy()
    conf[:, 5:13] = 0.0
    assert scores(changed(conf=conf)).max() < 0.05


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"xy": WHOLE["xy"][:, :16]}, "xy has the shape"),
        ({"conf": WHOLE["conf"][:-1]}, "conf has the shape"),
        ({"frame": np.zeros(0)}, "at least one row"),
        ({"fps": np.array([8.0, 8.0])}, "fps has the shape"),
        ({"fps": np.array(0.0)}, "fps is 0.0"),
        ({"fps": np.array(np.nan)}, "fps is nan"),
        ({"fps": np.array("fast")}, "fps holds"),
        ({"person": np.full(len(WHOLE["frame"]), 0.5)}, "person holds what is no whole number"),
        ({"person": np.full(len(WHOLE["frame"]), np.nan)}, "person holds what is no whole number"),
        ({"person": np.full(len(WHOLE["frame"]), True)}, "person holds bool"),
        ({"frame": WHOLE["frame"] + 0.5}, "no whole number"),
        ({"frame": WHOLE["frame"] + 2**60}, "frame holds what is no whole number, or one beyond"),
        ({"frame": np.full(len(WHOLE["frame"]), -(2**63))}, "frame holds what is no whole number, or one beyond"),
        ({"frame": np.zeros(len(WHOLE["frame"]), np.int64)}, "two rows for frame 0"),
        ({"conf": WHOLE["conf"] + 1.0}, "outside 0..1"),
        ({"conf": np.full_like(WHOLE["conf"], np.nan)}, "outside 0..1"),
        ({"xy": np.full_like(WHOLE["xy"], np.inf)}, "not finite"),
        ({"xy": WHOLE["xy"] * 1e300}, "beyond 1e\\+06 px"),
    ],
)
def test_every_mistake_is_told(wrong: Arrays, words: str) -> None:
    with pytest.raises(PosesUnreadable, match=words):
        read_table(changed(**wrong))


def test_numbers_may_be_of_any_kind() -> None:
    """As other programs write them: whole numbers as floats, the rate as an array of one number, small floats."""
    found = read_table(
        changed(person=WHOLE["person"].astype(float), frame=WHOLE["frame"].astype(np.float32), fps=[8.0])
    )
    assert (found.person.tolist()[0], found.frame.tolist()[:2], found.fps) == (4, [100, 101], 8.0)
    assert concealment_scores(found) == pytest.approx(scores(WHOLE))


def test_missing_arrays_are_named() -> None:
    with pytest.raises(PosesUnreadable, match="conf, fps"):
        read_table({name: WHOLE[name] for name in ("person", "frame", "xy")})


def test_tracks_are_each_person_by_frame() -> None:
    zeros = np.zeros((4, 17, 2)), np.zeros((4, 17))
    table = PoseTable(np.array([2, 1, 2, 1]), np.array([5, 9, 4, 8]), *zeros, 5.0)
    assert [rows.tolist() for rows in table.tracks()] == [[3, 1], [2, 0]]
