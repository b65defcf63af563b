"""Other programs that take the processors are told as what they are: the cause of lost pictures, else nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.doctor.facts import Facts
from agent.doctor.judge import judge
from agent.doctor.processor import Ticks, starved_pct, starving, ticks
from hal.kernel import KernelFiles

SLOW = {"fps_share": 20.0, "drop_pct": 70.0}


def kernel(root: Path, busy: int, idle: int, own: int) -> KernelFiles:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 2 3\n")
    (root / "proc/self/stat").write_text(f"7 (a (b) c) S {' '.join('0' * 10)} {own} 0 0 0\n")
    return KernelFiles(root)


def test_what_others_took_is_known_from_the_kernels_counters(tmp_path: Path) -> None:
    before = ticks(kernel(tmp_path, 1000, 500, 100))
    assert before == Ticks(1000, 500, 100)
    assert starved_pct(before, ticks(kernel(tmp_path, 1400, 500, 200))) == 75.0
    assert starved_pct(before, ticks(kernel(tmp_path, 1400, 550, 200))) == 0.0, "something was left"
    assert starved_pct(before, before) is None
    assert ticks(KernelFiles(tmp_path / "nothing")) is None


async def test_this_computer_tells(tmp_path: Path) -> None:
    told = await starving()
    assert told is None or 0.0 <= told <= 100.0
    files = kernel(tmp_path, 1000, 500, 100)
    waiting = asyncio.create_task(starving(files))
    await asyncio.sleep(0.1)
    kernel(tmp_path, 1400, 500, 200)
    assert await waiting == 75.0


def test_a_starved_camera_is_not_blamed_for_it() -> None:
    found = judge(Facts(starved_pct=80.0, readings=SLOW, loss_pct=10.0))
    assert [one.check for one in found if not one.because] == ["processor"]
    assert {one.because for one in found[1:]} == {"processor"}
    assert judge(Facts(starved_pct=80.0, readings={"fps_share": 99.0, "drop_pct": 1.0})) == [], "it keeps up"
    assert judge(Facts(starved_pct=10.0, readings=SLOW))[0].check != "processor"
