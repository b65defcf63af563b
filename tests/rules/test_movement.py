"""Running, the wrong way and erratic ways: what is one, what only looks like it, and what noise may not change."""

from math import hypot, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.rules.movement import SHOWN_SHARE
from agent.rules.pinhole import BODY_M, Pinhole, focal_of
from tests.rules.stage import ASPECT, Stage, seen_badly
from tests.rules.walks import HEIGHT, person, walk

RUNNING = '[[rule]]\nkind = "running"\n'
WRONG_WAY = '[[rule]]\nkind = "wrong_way"\ntoward = [1.0, 0.0]\n'
ERRATIC = '[[rule]]\nkind = "erratic"\n'
MOUNT_H, VIEW_DEG = 2.8, 80.0
MOUNT = f"[mount]\nheight_m = {MOUNT_H}\ntilt_deg = 20\nview_deg = {VIEW_DEG}\n"
FOCAL = focal_of(VIEW_DEG, ASPECT)
PER_H = HEIGHT / ASPECT
"""The width of a body height in the picture."""


def pace(speed: float, *, fps: float = 10.0, track: int = 1, x: float = 0.1, y: float = 0.6) -> list[Track]:
    """Someone who crosses the picture to the right at `speed` body heights a second."""
    return list(walk([(0, x, y), (0.8 / PER_H / speed, x + 0.8, y)], fps, track))


@pytest.mark.parametrize("fps", [3.0, 5.0, 10.0, 15.0, 30.0])
def test_a_runner_is_found_when_a_second_was_kept_up(fps: float) -> None:
    stage = Stage(RUNNING).play(pace(2.0, fps=fps), until_s=6.0)
    (incident,) = stage.opened()
    assert incident.t_s == pytest.approx(1.1, abs=0.25)
    assert incident.factors["speed_h_s"] == pytest.approx(2.0 / SHOWN_SHARE, abs=0.1)
    (closed,) = stage.closed()
    assert closed.t_s == pytest.approx(0.8 / PER_H / 2.0 + 2.0, abs=1.0)


def test_the_speed_that_is_told_reaches_what_is_asked_for() -> None:
    """Also of the slowest who counts: an explanation and the bars of the alert budget compare the two."""
    (incident,) = Stage(RUNNING).play(pace(1.5)).opened()
    assert incident.factors["speed_h_s"] == pytest.approx(1.5 / SHOWN_SHARE, abs=0.05)
    assert float(str(incident.factors["speed_h_s"])) >= 1.6


@pytest.mark.parametrize("fps", [3.0, 10.0, 15.0])
@pytest.mark.parametrize("jitter", [0.02, 0.05])
@pytest.mark.parametrize("misses", [0.05, 0.3])
def test_noise_makes_no_runner_of_a_brisk_walker_and_hides_no_runner(fps: float, jitter: float, misses: float) -> None:
    for seed in range(10):
        assert not Stage(RUNNING).play(seen_badly(pace(1.15, fps=fps), jitter, misses, seed)).opened()
    found = [Stage(RUNNING).play(seen_badly(pace(2.1, fps=fps), jitter, misses, seed)).opened() for seed in range(10)]
    assert sum(len(incidents) == 1 for incidents in found) >= 9


@pytest.mark.parametrize("fps", [5.0, 10.0, 15.0])
@pytest.mark.parametrize("burst_s", [0.3, 0.5])
def test_a_burst_is_no_run(fps: float, burst_s: float) -> None:
    def burst(lasts_s: float) -> list[Track]:
        x_from, x_to = 0.1 + 2.0 * 0.7 * PER_H, 0.1 + (2.0 * 0.7 + lasts_s * 1.9) * PER_H
        end_s = 2.0 + lasts_s
        corners = [(0, 0.1, 0.6), (2.0, x_from, 0.6), (end_s, x_to, 0.6), (end_s + 2.0, x_to + 1.4 * PER_H, 0.6)]
        return list(walk(corners, fps))

    assert not Stage(RUNNING).play(burst(burst_s)).opened()
    assert len(Stage(RUNNING).play(burst(2.0)).opened()) == 1


def test_standing_in_a_shaking_box_is_nothing_at_all() -> None:
    rules = RUNNING + WRONG_WAY + ERRATIC
    for seed in range(5):
        assert not Stage(rules).play(seen_badly(walk([(0, 0.5, 0.5), (60, 0.5, 0.5)]), 0.08, 0.3, seed)).opened()


def test_a_child_that_hops_along_does_not_run() -> None:
    hops = [person(t.t_s, t.foot.x, t.foot.y - 0.35 * HEIGHT * abs(sin(6.0 * t.t_s))) for t in pace(1.0)]
    assert not Stage(RUNNING).play(hops).opened()


@pytest.mark.parametrize("jump_h", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("fps", [3.0, 10.0])
def test_a_track_that_goes_over_to_somebody_else_does_not_run(jump_h: float, fps: float) -> None:
    switched = [
        t if t.t_s < 2.0 else person(t.t_s, t.foot.x + jump_h * PER_H, t.foot.y)
        for t in walk([(0, 0.1, 0.6), (6, 0.1 + 6 * 0.8 * PER_H, 0.6)], fps)
    ]
    assert not Stage(RUNNING).play(switched).opened()


def test_cut_feet_have_no_speed() -> None:
    grows = [person(i * 0.1, 0.5, 1.0 - 0.05 * i, foot_seen=False) for i in range(15)]
    assert not Stage(RUNNING).play(grows).opened()
    sliver = [person(i * 0.1, 0.5, 0.6) for i in range(20)]
    at_the_side = [t._replace(box=t.box._replace(x1=0.0, x2=0.02 + 0.04 * i)) for i, t in enumerate(sliver)]
    assert not Stage(RUNNING).play(at_the_side).opened()


def test_legs_that_vanish_behind_a_shelf_make_nobody_fast() -> None:
    def hidden(t: Track) -> Track:
        box = t.box._replace(y2=t.box.y2 - 0.5 * t.height)
        return t._replace(box=box, height=t.height * 0.5) if 1.5 < t.t_s < 2.3 else t

    assert not Stage(RUNNING).play([hidden(t) for t in pace(1.0)]).opened()


def broken(speed: float, *, lost_s: float = 0.8, jump_h: float = 0.0) -> list[Track]:
    """Somebody who stands, goes at `speed`, is lost on the way and goes on under another number for 0.7 s."""
    way_h = speed * (lost_s + 1.0)
    corners = [(0, 0.1, 0.6), (2.0, 0.1, 0.6), (3.0 + lost_s, 0.1 + way_h * PER_H, 0.6)]
    first = [t for t in walk(corners) if t.t_s < 2.3]
    then = [t for t in walk(corners, track=2) if 2.3 + lost_s <= t.t_s]
    return first + [t._replace(box=t.box._replace(x1=t.box.x1 + jump_h, x2=t.box.x2 + jump_h)) for t in then]


def test_who_runs_on_under_another_number_is_found() -> None:
    assert len(Stage(RUNNING).play(broken(2.1)).opened()) == 1
    assert not Stage(RUNNING).play(broken(1.1)).opened()


def test_who_appears_far_from_somebody_lost_does_not_run() -> None:
    assert not Stage(RUNNING).play(broken(1.0, jump_h=0.2)).opened()


def test_who_walks_in_while_somebody_is_lost_does_not_run() -> None:
    stands = [person(0.1 * i, 0.2, 0.6) for i in range(20)]
    comes = [person(2.5 + 0.1 * i, 0.2 + (1.2 + 0.1 * i) * PER_H, 0.6, track=2) for i in range(20)]
    assert not Stage(RUNNING).play(stands + comes).opened()


def test_running_counts_within_its_zone_only() -> None:
    zone = '[[zone]]\nname = "far"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.3], [0.0, 0.3]]\n'
    rule = RUNNING + 'zone = "far"\n'
    assert not Stage(zone + rule).play(pace(2.0, y=0.6)).opened()
    (incident,) = Stage(zone + rule).play(pace(2.0, y=0.25)).opened()
    assert incident.zone == "far"


def test_an_unconfirmed_runner_is_nobody() -> None:
    assert not Stage(RUNNING).play(t._replace(confirmed=False) for t in pace(2.0)).opened()


@pytest.mark.parametrize("fps", [3.0, 10.0, 15.0])
def test_the_wrong_way_is_told_from_the_right_one(fps: float) -> None:
    back = walk([(0, 0.9, 0.6), (8, 0.9 - 8 * 0.7 * PER_H, 0.6)], fps)
    (incident,) = Stage(WRONG_WAY).play(back).opened()
    assert incident.t_s == pytest.approx(1.5, abs=0.5)
    assert not Stage(WRONG_WAY).play(pace(0.7, fps=fps)).opened()


def test_the_allowed_way_can_be_that_of_a_line() -> None:
    line = '[[line]]\nname = "gate"\npoints = [[0.5, 0.0], [0.5, 1.0]]\n'
    rule = '[[rule]]\nkind = "wrong_way"\nline = "gate"\n'
    # Down the screen the right hand is the screen's left: "in" is to the left.
    assert not Stage(line + rule).play(walk([(0, 0.9, 0.6), (8, 0.1, 0.6)])).opened()
    (incident,) = Stage(line + rule).play(walk([(0, 0.1, 0.6), (8, 0.9, 0.6)])).opened()
    assert incident.line == "gate"


def test_across_the_way_or_a_short_step_back_is_not_the_wrong_way() -> None:
    assert not Stage(WRONG_WAY).play(walk([(0, 0.5, 0.3), (6, 0.5, 0.95)])).opened()
    steps = [(0.0, 0.5, 0.6), (3.0, 0.7, 0.6), (4.0, 0.7 - 0.7 * PER_H, 0.6), (7.0, 0.9, 0.6)]
    assert not Stage(WRONG_WAY).play(walk(steps)).opened()


@pytest.mark.parametrize("jitter", [0.02, 0.08])
def test_noise_hides_no_wrong_way_and_makes_none(jitter: float) -> None:
    for seed in range(10):
        there = walk([(0, 0.9, 0.6), (8, 0.9 - 8 * 0.8 * PER_H, 0.6)])
        assert len(Stage(WRONG_WAY).play(seen_badly(there, jitter, 0.2, seed)).opened()) == 1
        assert not Stage(WRONG_WAY).play(seen_badly(pace(0.8), jitter, 0.2, seed)).opened()


def to_and_fro(amplitude_h: float, times: int, fps: float = 10.0) -> list[Track]:
    """Pacing in front of a shelf at a walking 0.8 h/s."""
    return list(walk(turns_of(amplitude_h, times), fps))


def turns_of(amplitude_h: float, times: int) -> list[tuple[float, float, float]]:
    """When and where they turn."""
    turn_s = amplitude_h / 0.8
    return [(i * turn_s, 0.4 + (amplitude_h * PER_H if i % 2 else 0.0), 0.6) for i in range(times + 1)]


@pytest.mark.parametrize("fps", [5.0, 15.0])
def test_pacing_to_and_fro_is_erratic_and_going_somewhere_is_not(fps: float) -> None:
    (incident,) = Stage(ERRATIC).play(to_and_fro(2.0, 8, fps)).opened()
    assert incident.t_s < 16
    assert not Stage(ERRATIC).play(pace(0.8, fps=fps)).opened()
    around = [(i * 2.0, 0.2 + 0.1 * (i // 2), 0.4 if i % 4 in (0, 3) else 0.8) for i in range(8)]
    assert not Stage(ERRATIC).play(walk(around, fps)).opened(), "up and down the aisles leads somewhere"


@pytest.mark.parametrize("fps", [4.0, 10.0])
def test_five_legs_are_enough_wherever_the_last_of_them_leads(fps: float) -> None:
    assert len(Stage(ERRATIC).play(to_and_fro(1.5, 5, fps)).opened()) == 1


def test_two_steps_to_and_fro_are_not_erratic() -> None:
    assert not Stage(ERRATIC).play(to_and_fro(2.0, 3)).opened()


@pytest.mark.parametrize("fps", [3.0, 10.0])
def test_legs_are_as_long_as_they_are_wherever_one_begins_to_measure(fps: float) -> None:
    """Half a leg more or less on the way in decides nothing: a turn is where somebody turns."""
    for way_in_h in (0.1, 0.3, 0.5, 0.7):
        (_, x, y), *_ = corners = [(t_s + 2.0, x, y) for t_s, x, y in turns_of(1.3, 10)]
        way = walk([(2.0 - way_in_h / 0.8, x - way_in_h * PER_H, y), *corners], fps)
        assert len(Stage(ERRATIC).play(way).opened()) == 1, way_in_h


def test_what_somebody_did_before_is_nothing_to_it() -> None:
    (alone,) = Stage(ERRATIC).play(to_and_fro(1.5, 8)).opened()
    way_in = [(0.0, 0.05, 0.6), (5.0, 0.4, 0.6), *((t_s + 5.0, x, y) for t_s, x, y in turns_of(1.5, 8)[1:])]
    (after,) = Stage(ERRATIC).play(walk(way_in)).opened()
    assert after.t_s - 5.0 <= alone.t_s + 1.5 / 0.8 + 0.2, "the first leg there leads somewhere, the others do not"


def test_feet_that_go_behind_a_shelf_go_nowhere_while_the_head_stays() -> None:
    """A body's third hidden looks like somebody farther off, a little shorter."""
    camera = Pinhole(FOCAL, MOUNT_H / BODY_M, radians(20.0))

    def standing(t_s: float, foot_y: float, *, hidden: float = 0.0) -> Track:
        height = camera.height(foot_y)
        assert height is not None
        box = Box(0.45, foot_y - height, 0.55, foot_y - hidden * height)
        return person(t_s, 0.5, 0.5)._replace(box=box, height=box.y2 - box.y1)

    near_y, far_y = 0.7, 0.5
    there = [int(k / 10 / 1.5) % 2 for k in range(200)]
    hides = [standing(k / 10, near_y, hidden=0.33 * away) for k, away in enumerate(there)]
    walks = [standing(k / 10, far_y if away else near_y) for k, away in enumerate(there)]
    assert len(Stage(MOUNT + ERRATIC).play(walks).opened()) == 1
    assert not Stage(MOUNT + ERRATIC).play(hides).opened()


A_LEG_S = 2.5 / 0.8 + 0.3
"""The longest leg of those below, walked at 0.8 h/s, and some frames; one more or less makes such a difference."""


def every_other(tracks: list[Track], odd: int) -> list[Track]:
    return tracks[odd::2]


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 2.4), st.floats(1.5, 2.5), st.integers(0, 1), st.sampled_from([10.0, 15.0]))
def test_half_of_the_frames_tell_the_same(speed: float, amplitude_h: float, odd: int, fps: float) -> None:
    if abs(speed - 1.6 * SHOWN_SHARE) < 0.12:
        return
    left = '[[rule]]\nkind = "wrong_way"\ntoward = [-1.0, 0.0]\n'
    for rules, way in ((RUNNING + left, pace(speed, fps=fps)), (ERRATIC, to_and_fro(amplitude_h, 12, fps))):
        whole, half = Stage(rules).play(way).opened(), Stage(rules).play(every_other(way, odd)).opened()
        assert {i.kind for i in whole} == {i.kind for i in half}
        assert {i.kind for i in whole} <= {"running", "wrong_way", "erratic"}
        late_s = A_LEG_S if rules == ERRATIC else 1.0
        assert all(abs(a.t_s - b.t_s) < late_s for a, b in zip(whole[:1], half[:1], strict=True))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.3, 0.95)), min_size=2, max_size=60))
def test_whatever_an_unconfirmed_track_does_is_nothing(places: list[tuple[float, float]]) -> None:
    tracks = [person(i * 0.2, x, y, confirmed=False) for i, (x, y) in enumerate(places)]
    assert not Stage(RUNNING + WRONG_WAY + ERRATIC).play(tracks).opened()


def test_the_paces_of_these_tests_are_what_they_say() -> None:
    a, b = pace(2.0)[:2]
    assert hypot((b.foot.x - a.foot.x) * ASPECT, b.foot.y - a.foot.y) / HEIGHT == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(("way_h", "lasts_s", "found"), [(1.46, 0.8, 0), (1.8, 0.8, 1), (1.5, 1.2, 1)])
def test_the_nearer_to_the_limit_the_evener_a_way_must_be(way_h: float, lasts_s: float, found: int) -> None:
    stage = Stage('[[rule]]\nkind = "running"\n')
    parts = (min(max((i / 10 - 1) / lasts_s, 0.0), 1.0) for i in range(40))
    places_h = [way_h * part * part * (3 - 2 * part) for part in parts]
    stage.play([person(i / 10, 0.3 + h * HEIGHT / ASPECT, 0.6) for i, h in enumerate(places_h)])
    assert len(stage.opened()) == found
