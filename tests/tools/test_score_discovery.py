"""The measure of discovery has both its figures from the same run, and says why where it has none."""

from __future__ import annotations

import pytest

from tests.e2e.network import why_not
from tools.score_discovery import MOST, rows


@pytest.mark.slow
def test_both_are_measured_in_turn_or_it_is_said_why_not() -> None:
    ratio, *others = rows(2)
    assert ratio.target == MOST
    if why_not():
        assert (ratio.value, ratio.verdict, others) == (None, "not measured", [])
        return
    assert ratio.value is not None
    assert 0 < ratio.value < 10
    assert "2 rounds each" in ratio.detail
    assert len(others) == 1
