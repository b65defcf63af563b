"""However a camera ends with the siren on (killed, out of memory, stopped, loop blocked), the siren ends soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.durability.deaths import OFF_S, UNIT_WATCHDOG_S, WAYS, Tally, cycles, run
from tests.durability.memory_group import why_not

SHORT_WATCHDOG_S = 3.0
COUNT = int(os.environ.get("AISLEWATCH_DEATHS", "32"))
AT_ONCE = min(4, len(os.sched_getaffinity(0)))


def check(way: str, tally: Tally, watchdog_s: float) -> None:
    assert tally.problems == []
    assert tally.sounding > tally.deaths / 2, "the siren was hardly ever on when the camera ended"
    limit_s = OFF_S[way] - (UNIT_WATCHDOG_S - watchdog_s if OFF_S[way] > UNIT_WATCHDOG_S else 0.0)
    assert max(tally.off_of_itself_s, default=0.0) <= limit_s


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", WAYS)
def test_a_camera_that_ends_is_silenced(tmp_path: Path, way: str) -> None:
    if way == "out-of-memory" and (reason := why_not()):
        pytest.skip(reason)
    check(way, cycles(tmp_path, way, 1, SHORT_WATCHDOG_S), SHORT_WATCHDOG_S)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_cameras_that_end_again_and_again(tmp_path: Path) -> None:
    """As often as AISLEWATCH_DEATHS says, all ways together."""
    ways = [way for way in WAYS if way != "out-of-memory" or not why_not()]
    found = run(tmp_path, dict.fromkeys(ways, COUNT // len(ways)), AT_ONCE)
    assert sum(tally.deaths for tally in found.values()) == COUNT // len(ways) * len(ways)
    assert sum(tally.quiet_starts for tally in found.values()) > COUNT / 10
    for way, tally in found.items():
        check(way, tally, UNIT_WATCHDOG_S)
