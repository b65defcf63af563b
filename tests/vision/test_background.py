"""The background on small made-up scenes: things come and go, people stand before them, the light changes."""

from copy import deepcopy
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.domain import Box, Point, Track
from agent.rules.changes import ChangeKind, Changes
from agent.rules.senses import NOTHING, Senses
from agent.vision.background import Background
from hal.ports import U8, Frame, Yuv420

W, H = 160, 90
FRONT = (Point(0.5, 0.1), Point(0.9, 0.1), Point(0.9, 0.5), Point(0.5, 0.5))
PERSON = Box(0.30, 0.30, 0.45, 0.95)


def texture(seed: int, rows: int, columns: int, mean: float, spread: float) -> NDArray[np.float64]:
    blocks = np.random.default_rng(seed).normal(mean, spread, (rows // 2 + 1, columns // 2 + 1))
    return np.asarray(np.kron(blocks, np.ones((2, 2)))[:rows, :columns], np.float64)


class Room:
    """A floor with a faint pattern, a rack of twenty goods on a dark board, and a background that watches it."""

    def __init__(self, **settings: object) -> None:
        self.floor = texture(1, H, W, 120, 5)
        self.floor[9:45, 80:144] = 60.0
        self.full = self.floor.copy()
        for row in range(4):
            for column in range(5):
                y, x = 10 + 9 * row, 82 + 12 * column
                self.full[y : y + 7, x : x + 8] = texture(7 * row + column, 7, 8, 120, 25)
        self.scene = self.full.copy()
        self.gain = 1.0
        self.t_s = 0.0
        self._rng = np.random.default_rng(3)
        self.background = Background(W / H, {"rack": FRONT}, **settings)  # type: ignore[arg-type]

    def take(self, items: int) -> None:
        """The first items of the rack, row by row."""
        for item in range(items):
            y, x = 10 + 9 * (item // 5), 82 + 12 * (item % 5)
            self.scene[y : y + 7, x : x + 8] = 60.0

    def put_bag(self) -> None:
        self.scene[60:75, 30:46] = texture(50, 15, 16, 80, 30)

    def watch(
        self,
        seconds: float,
        people: Box | None = None,
        *,
        every_s: float = 0.5,
        blind: str | None = None,
        tracked: bool = True,
        still: bool = False,
    ) -> Changes:
        """Twice a second, or as told; a person is drawn as a motley figure and `tracked`, or missed."""
        senses = Senses(blind=blind)
        found: Changes | None = None
        for _ in range(round(seconds / every_s)):
            self.t_s += every_s
            tracks = [] if people is None or not tracked else [track(people, self.t_s)._replace(still=still)]
            found = self.background.look(self._frame(people), tracks, senses).changes
        assert found is not None
        return found

    def _frame(self, people: Box | None) -> Frame:
        luma = self.scene.copy()
        if people is not None:
            body = luma[int(people.y1 * H) : int(people.y2 * H), int(people.x1 * W) : int(people.x2 * W)]
            body[:] = texture(60, body.shape[0], body.shape[1], 60, 25)
        luma = 16 + (luma - 16) * self.gain + self._rng.normal(0, 2, luma.shape)
        picture = yuv(np.clip(luma, 0, 255).astype(np.uint8))
        return Frame(round(self.t_s * 2), self.t_s, picture, picture)


def yuv(luma: U8) -> Yuv420:
    grey = np.full((H // 2, W // 2), 128, np.uint8)
    return Yuv420(luma, grey, grey)


def track(box: Box, t_s: float) -> Track:
    return Track(5, t_s, box, 0.9, True, True, True, box.height, 0.0, t_s)


@cache
def _learned() -> Room:
    room = Room()
    assert room.watch(100).ready
    return room


def learned() -> Room:
    """A room that has been watched for 100 seconds."""
    return deepcopy(_learned())


def test_it_says_that_it_is_learning_until_it_knows_the_scene() -> None:
    room = Room()
    assert not room.watch(30).ready
    changes = room.watch(20)
    assert changes.ready
    assert (changes.found, changes.steps) == ((), ())


def test_a_bag_that_somebody_puts_down_is_added_with_its_owner() -> None:
    room = learned()
    room.watch(5, PERSON)
    room.put_bag()
    room.watch(3, PERSON)
    (change,) = room.watch(12).found
    assert change.kind is ChangeKind.ADDED
    assert change.owner == 5
    assert change.owner_h < 0.5
    assert change.box.x1 == pytest.approx(30 / W, abs=0.03)
    assert change.box.y2 == pytest.approx(75 / H, abs=0.04)
    assert change.shelved == 0
    assert 100 <= change.before_s <= change.seen_s <= 112


def test_a_bag_that_always_stood_there_is_removed() -> None:
    room = Room()
    room.put_bag()
    room.watch(100)
    room.watch(5, PERSON)
    room.scene = room.full.copy()
    room.watch(3, PERSON)
    (change,) = room.watch(12).found
    assert change.kind is ChangeKind.REMOVED


def before_the_rack(room: Room) -> None:
    """A plain box stands on the floor and hides some goods."""
    room.scene[30:60, 100:128] = 150.0


def test_who_is_found_late_and_takes_something_is_its_owner() -> None:
    room = Room()
    room.put_bag()
    room.watch(100)
    room.watch(3, PERSON, tracked=False)
    room.watch(2, PERSON)
    room.scene = room.full.copy()
    room.watch(3, PERSON)
    (change,) = room.watch(12).found
    assert (change.kind, change.owner) == (ChangeKind.REMOVED, 5)
    assert change.seen_s >= 107


def test_a_box_that_is_taken_from_before_the_rack_is_removed_and_no_goods() -> None:
    room = Room()
    before_the_rack(room)
    room.watch(100)
    at_rack = Box(0.55, 0.1, 0.85, 0.98)
    room.watch(5, at_rack)
    room.scene = room.full.copy()
    room.watch(3, at_rack)
    (change,) = room.watch(12).found
    assert change.kind is ChangeKind.REMOVED
    assert change.shelved < 0.2


def test_a_box_that_is_put_before_the_rack_is_added_and_no_goods() -> None:
    room = learned()
    before_the_rack(room)
    (change,) = room.watch(12).found
    assert change.kind is ChangeKind.ADDED
    assert change.shelved < 0.2


def test_goods_are_in_their_front() -> None:
    room = learned()
    room.take(20)
    assert all(change.shelved > 0.8 for change in room.watch(12).found)


def test_what_comes_where_something_went_is_another_change_with_its_own_owner() -> None:
    room = Room()
    room.put_bag()
    room.watch(100)
    room.scene = room.full.copy()
    (gone,) = room.watch(20).found
    room.watch(5, PERSON)
    room.scene[58:77, 30:46] = 200.0
    room.watch(3, PERSON)
    (came,) = room.watch(15).found
    assert (gone.kind, gone.owner) == (ChangeKind.REMOVED, None)
    assert (came.kind, came.owner) == (ChangeKind.ADDED, 5)
    assert came.id != gone.id
    assert came.seen_s > gone.seen_s + 20


def test_another_bag_in_the_place_of_one_that_went_has_come() -> None:
    room = Room()
    room.put_bag()
    room.watch(100)
    room.scene = room.full.copy()
    (gone,) = room.watch(30).found
    room.watch(5, PERSON)
    room.scene[60:75, 30:46] = texture(51, 15, 16, 80, 30)
    room.watch(3, PERSON)
    (came,) = room.watch(40).found
    assert (gone.kind, came.kind, came.owner) == (ChangeKind.REMOVED, ChangeKind.ADDED, 5)
    assert came.id != gone.id
    room.scene = room.full.copy()
    (again,) = room.watch(30).found
    assert again.kind is ChangeKind.REMOVED


def test_a_thing_beside_another_changes_nothing_about_it() -> None:
    room = Room()
    room.put_bag()
    room.watch(100)
    room.scene = room.full.copy()
    (gone,) = room.watch(20).found
    room.scene[58:76, 49:64] = texture(51, 18, 15, 200, 25)
    kinds = {change.id: change.kind for change in room.watch(30).found}
    assert kinds.pop(gone.id) is ChangeKind.REMOVED
    assert list(kinds.values()) == [ChangeKind.ADDED]


def test_it_is_over_when_the_bag_is_gone_again() -> None:
    room = learned()
    room.put_bag()
    assert room.watch(20).found
    room.scene = room.full.copy()
    assert not room.watch(10).found


def test_somebody_before_a_thing_hides_it_only_for_so_long() -> None:
    room = learned()
    room.put_bag()
    (before,) = room.watch(20).found
    before_it = Box(0.15, 0.3, 0.32, 0.95)
    (hidden,) = room.watch(15, before_it).found
    (after,) = room.watch(8).found
    assert before.id == hidden.id == after.id
    assert hidden.last_s < after.last_s


def test_what_has_stood_there_for_half_an_hour_is_a_part_of_the_scene() -> None:
    room = learned()
    room.put_bag()
    assert room.watch(1780, every_s=2.0).found
    assert not room.watch(60, every_s=2.0).found
    room.scene = room.full.copy()
    (change,) = room.watch(20).found
    assert change.kind is ChangeKind.REMOVED


@pytest.mark.parametrize("items", [1, 4, 8])
def test_goods_that_are_taken_are_steps_of_about_their_size(items: int) -> None:
    room = learned()
    at_rack = Box(0.45, 0.05, 0.95, 0.98)
    room.watch(4, at_rack)
    room.take(items)
    room.watch(4, at_rack)
    changes = room.watch(10)
    lost = [step for step in changes.steps if step.kind is ChangeKind.REMOVED]
    item = 7 * 8 / (36 * 64)
    # Half of the ring of two pixels round a thing is counted, and so is what lies between things.
    assert 0.8 * items * item < sum(step.share for step in lost) < 2.1 * items * item
    assert all(step.owner == 5 and step.zone == "rack" for step in lost)
    assert changes.lost_near(Point(82 / W, 12 / H), 0.1, 15.0) is not None
    assert changes.lost_near(Point(0.9, 0.5), 0.05, 15.0) is None


def test_goods_count_the_same_whether_they_come_into_sight_at_once_or_in_strips() -> None:
    shares = []
    for steps_aside in ((0.45,), (0.85, 0.75, 0.65, 0.45)):
        room = learned()
        room.watch(4, Box(0.45, 0.05, 0.95, 0.98))
        room.take(20)
        for left in steps_aside:
            room.watch(6, Box(0.45, 0.05, left, 0.98))
        steps = room.watch(10).steps
        shares.append(sum(step.share for step in steps if step.kind is ChangeKind.REMOVED))
    at_once, in_strips = shares
    assert in_strips == pytest.approx(at_once, rel=0.1)


def test_goods_of_which_a_glimpse_was_caught_went_before_those_that_went_behind_the_next_customer() -> None:
    room = learned()
    at_rack = Box(0.45, 0.05, 0.95, 0.98)
    room.watch(4, at_rack)
    room.take(5)
    room.watch(4, at_rack)
    room.watch(4)
    seen_s = room.t_s
    room.watch(6, at_rack)
    room.take(10)
    room.watch(6, at_rack)
    first, second = (step for step in room.watch(10).steps if step.kind is ChangeKind.REMOVED)
    assert first.seen_s < seen_s <= second.before_s + 1
    assert second.share == pytest.approx(first.share, rel=0.35)


def test_goods_that_are_put_back_are_added() -> None:
    room = learned()
    room.take(4)
    room.watch(20)
    room.scene = room.full.copy()
    steps = room.watch(12).steps
    gone = sum(step.share for step in steps if step.kind is ChangeKind.REMOVED)
    came = sum(step.share for step in steps if step.kind is ChangeKind.ADDED)
    assert came == pytest.approx(gone, rel=0.25)


def test_what_stands_before_goods_neither_brings_nor_takes_any() -> None:
    room = learned()
    room.scene[20:70, 95:115] = texture(52, 50, 20, 150, 30)
    assert room.watch(12).found
    room.scene = room.full.copy()
    assert sum(step.share for step in room.watch(12).steps) < 0.02


def test_sun_on_goods_that_comes_wanders_and_goes_brings_none_and_takes_none() -> None:
    room = learned()
    for left in (0, 3, 6, None):
        shine = np.zeros((H, W))
        if left is not None:
            corners = [[90 + left, 12], [125 + left, 12], [120 + left, 40], [85 + left, 40]]
            cv2.fillConvexPoly(shine, np.array(corners), 0.9)
        room.scene = room.full * (1 + cv2.blur(shine, (3, 3)))
        steps = room.watch(10).steps
    assert sum(step.share for step in steps if step.kind is not ChangeKind.ALTERED) < 0.5 * 7 * 8 / (36 * 64)


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_another_exposure_changes_nothing(gain: float) -> None:
    room = learned()
    room.gain = gain
    for _ in range(10):
        changes = room.watch(2)
        assert not changes.found
        assert not changes.steps


def test_a_shadow_with_an_edge_is_no_thing() -> None:
    room = learned()
    room.scene[50:85, 10:60] = 16 + (room.scene[50:85, 10:60] - 16) * 0.7
    assert not room.watch(30).found


@pytest.mark.parametrize("strength", [0.3, 0.6])
def test_a_patch_of_sun_with_a_soft_edge_is_no_thing(strength: float) -> None:
    room = learned()
    shine = np.zeros((H, W))
    cv2.fillConvexPoly(shine, np.array([[12, 84], [24, 54], [66, 54], [58, 84]]), strength)
    room.scene *= 1 + cv2.blur(shine, (3, 3))
    for _ in range(15):
        assert not room.watch(2).found


@pytest.mark.parametrize(("mean", "spread"), [(200.0, 0.0), (45.0, 10.0)])
def test_a_plain_box_is_a_thing_on_a_floor_with_a_pattern(mean: float, spread: float) -> None:
    room = learned()
    room.scene[60:75, 30:46] = texture(50, 15, 16, mean, spread)
    (change,) = room.watch(12).found
    assert change.kind is ChangeKind.ADDED


def test_what_moves_by_itself_is_left_out_where_a_mask_says_so() -> None:
    masked = Room(masks=[(Point(0.15, 0.6), Point(0.32, 0.6), Point(0.32, 0.9), Point(0.15, 0.9))])
    masked.watch(100)
    masked.put_bag()
    assert not masked.watch(30).found


def test_another_scene_is_learned_anew() -> None:
    room = learned()
    room.scene = texture(99, H, W, 110, 20)
    assert not room.watch(30).ready
    changes = room.watch(60)
    assert changes.ready
    assert not changes.found


def test_after_the_scene_was_learned_anew_no_number_comes_again() -> None:
    room = learned()
    room.put_bag()
    (before,) = room.watch(20).found
    room.scene = texture(99, H, W, 110, 20)
    room.watch(90)
    room.put_bag()
    (after,) = room.watch(20).found
    assert after.id > before.id


@pytest.mark.parametrize(("right", "down"), [(0.8, 0.0), (-0.8, 1.5), (3.0, -1.0)])
def test_a_nudged_camera_sees_the_same_goods_and_still_notices_a_bag(right: float, down: float) -> None:
    room = learned()
    nudge = np.array([[1, 0, right], [0, 1, down]])
    room.scene = np.asarray(cv2.warpAffine(room.full, nudge, (W, H), borderMode=cv2.BORDER_REPLICATE))
    for _ in range(10):
        changes = room.watch(2, PERSON)
        assert changes.ready
        assert not changes.found
        assert not changes.steps
    room.put_bag()
    room.watch(3, PERSON)
    (bag,) = room.watch(12).found
    assert bag.kind is ChangeKind.ADDED


def test_a_blind_camera_learns_nothing() -> None:
    room = Room()
    assert not room.watch(100, blind="covered").ready


def test_somebody_who_stands_for_long_never_becomes_a_part_of_the_scene() -> None:
    room = learned()
    room.watch(120, PERSON)
    assert not room.watch(15).found


@pytest.mark.parametrize("still", [True, False])
def test_somebody_who_stands_and_is_missed_for_some_seconds_is_no_thing(still: bool) -> None:
    room = learned()
    room.watch(10, PERSON, still=still)
    missed = room.watch(8, PERSON, tracked=False)
    assert bool(missed.found) is not still


def test_it_looks_twice_a_second_at_most() -> None:
    background = Background(W / H, {})
    frames = [
        Frame(k, k / 10, yuv(np.full((H, W), 100, np.uint8)), yuv(np.full((H, W), 100, np.uint8))) for k in range(10)
    ]
    seen = [background.look(frame, [], NOTHING).changes for frame in frames]
    assert len({id(changes) for changes in seen}) == 2
