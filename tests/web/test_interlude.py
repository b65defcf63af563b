"""Work that can wait is done between two frames, and in the end in any case."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.web.interlude import LONGEST_S, Interlude


def test_it_is_awaited_while_a_frame_is_in_hand() -> None:
    walking = [True]
    interlude = Interlude()
    assert not interlude.is_awaited(0.0), "nobody has said whether there are frames"
    interlude.follow(lambda: walking[0])
    assert interlude.is_awaited(1.0)
    assert interlude.is_awaited(1.0 + 0.9 * LONGEST_S)
    walking[0] = False
    assert not interlude.is_awaited(1.0 + 0.95 * LONGEST_S)
    walking[0] = True
    assert interlude.is_awaited(1.0 + 1.5 * LONGEST_S), "another frame"


@given(st.lists(st.tuples(st.floats(0.0, 0.05), st.booleans()), max_size=60))
def test_it_is_never_awaited_in_vain_or_for_too_long(looks: list[tuple[float, bool]]) -> None:
    now_s, told_s, walking = 0.0, None, [False]
    interlude = Interlude()
    interlude.follow(lambda: walking[0])
    for pause_s, walking[0] in looks:
        now_s += pause_s
        if interlude.is_awaited(now_s):
            assert walking[0]
            told_s = now_s if told_s is None else told_s
            assert now_s - told_s < LONGEST_S
        elif not walking[0]:
            told_s = None
