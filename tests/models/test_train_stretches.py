"""What the score of `concealment` learns from at a time: stretches of courses, each step judged later."""

import numpy as np

from agent.rules.pose_memory import DELAY_STEPS, STEPS
from agent.rules.pose_net import Layer, Net
from agent.rules.pose_numbers import COLUMN, NUMBERS
from models.train.hands.days import HIDES, Days
from models.train.hands.fit import averaged
from models.train.hands.stretches import BATCH, KNOWN_SHARE, REACHED_STEPS, STRETCH, Stretches, lately_reached

NUMBERED = COLUMN["age"]
"""Here a column that is the same for both hands holds the number of its row."""


def days(lengths: tuple[int, ...] = (400, 40, 300)) -> Days:
    """Courses with numbered steps, the hands of the first in a shelf at step 100, hiding from 110 to 119."""
    rows = np.zeros((sum(lengths), len(NUMBERS)), np.float16)
    rows[:, NUMBERED] = np.arange(len(rows))
    rows[:, COLUMN["shelf_known"]] = 1.0
    rows[100, COLUMN["in_shelf"]] = 1.0
    labels = np.zeros((len(rows), 2), np.int8)
    labels[110:120] = HIDES
    return Days(rows, labels, np.array(lengths))


def test_every_step_is_labelled_with_the_moment_before_it() -> None:
    some = days()
    asked = np.array([115, 410, 500] * 30)
    steps, labels, weights = Stretches(some, np.random.default_rng(2)).draw(asked)
    assert steps.shape == (90, STRETCH + STEPS - 1, len(NUMBERS))
    rows = steps[:, STEPS - 1 :, NUMBERED].astype(int)
    moments, counted = rows - DELAY_STEPS, weights > 0
    assert (labels[counted] == (some.labels[moments[counted], 0] == HIDES)).all()
    assert labels[counted].any()
    course = np.searchsorted(np.cumsum(some.lengths), rows, side="right")
    assert (course == course[:, :1]).all(), "a stretch keeps to one course"
    assert (moments == asked[:, None]).any(1).all(), "what was asked for is among them"


def test_before_somebody_came_into_view_it_was_so_all_along() -> None:
    steps = Stretches(days(), np.random.default_rng(2)).draw(np.full(50, 5)).steps
    rows = steps[:, : STEPS - DELAY_STEPS - 5, NUMBERED]
    assert (rows == rows[:, :1]).all()
    assert len(set(rows[:, 0].tolist())) > 1, "some come into view late"


def test_shelves_are_known_in_most_stretches_and_in_all_of_a_stretch() -> None:
    known = Stretches(days(), np.random.default_rng(2)).draw(np.full(400, 300)).steps[:, :, COLUMN["shelf_known"]]
    assert (known == known[:, :1]).all()
    assert abs(known[:, 0].mean() - KNOWN_SHARE) < 0.1


def test_a_reach_is_lately_for_a_while_and_only_in_its_course() -> None:
    some = days((110, 200))
    assert np.flatnonzero(lately_reached(some)).tolist() == list(range(100, 110))
    assert np.flatnonzero(lately_reached(days())).tolist() == list(range(100, 101 + REACHED_STEPS))


def test_a_round_is_mostly_of_telling_steps() -> None:
    many = days((400, *[100] * 10))
    some = Stretches(many, np.random.default_rng(3)).rounds()
    assert some.shape[1] == BATCH
    assert ((some >= 100) & (some <= 100 + REACHED_STEPS)).mean() > 0.4


def test_learners_that_stayed_together_become_one() -> None:
    def net(value: float) -> Net:
        layer = Layer(np.full((2, 3), value, np.float32), np.full(3, 10 * value, np.float32))
        return Net(layer, (layer,), layer)

    one = averaged([net(1.0), net(3.0)])
    assert (one.middle[0].weights == 2.0).all()
    assert (one.last.bias == 20.0).all()
