"""However its files are damaged, the journal takes alarms at once, says what it did, and keeps what can be read."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.events.torn import is_broken
from tests.durability.deaths import Site
from tests.durability.flips import ALIVE_S, LOG, Tally, damage, make, run

COUNT = int(os.environ.get("AISLEWATCH_FLIPS", "100"))


def check(tally: Tally, count: int) -> None:
    assert tally.problems == []
    assert tally.damages == count
    assert tally.replaced > count / 3
    assert tally.harmless > 0
    assert tally.ends_missed > 0
    assert sorted(tally.kept)[2 * len(tally.kept) // 3] > 0.6, "hardly anything is salvaged"


async def test_the_journal_survives_damage(tmp_path: Path) -> None:
    check(await run(tmp_path, 30, seed=1), 30)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_the_journal_survives_damage_of_all_kinds(tmp_path: Path) -> None:
    """As often as AISLEWATCH_FLIPS says."""
    check(await run(tmp_path, COUNT, seed=1000), COUNT)


async def test_a_log_is_broken_only_where_a_later_commit_follows(tmp_path: Path) -> None:
    await make(tmp_path, 1, with_log=True)
    log = tmp_path / LOG
    whole = log.read_bytes()
    frame = 4096 + 24
    assert not is_broken(log)
    for at, broken in ((32 + 100, True), (len(whole) - 100, False), (32 + 16, True), (4, True), (32 + 10, True)):
        log.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert is_broken(log) is broken, at
    log.write_bytes(whole[: -frame // 2])
    assert not is_broken(log), "a torn end is what a power cut leaves"


def journal_notes(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as base:
        return [bytes(body).decode(errors="replace") for (body,) in base.execute("SELECT body FROM events")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [pytest.param(number, marks=[pytest.mark.slow] * (number > 1)) for number in range(6)])
def test_the_siren_of_a_camera_sounds_though_its_journal_is_damaged(tmp_path: Path, seed: int) -> None:
    site, database, chance = Site(tmp_path), tmp_path / "journal.db", random.Random(seed)
    site.end("killed")
    usual_s = site.sounded_after_s
    replaced = False
    for _ in range(2):
        damage(chance.choice([file for file in tmp_path.glob("journal.db*") if file.suffix != ".damaged"]), chance)
        site.end("killed")
        assert site.sounded_after_s - usual_s <= ALIVE_S, "it sounded too late"
        replaced = replaced or any("journal_replaced" in note for note in journal_notes(database))
    assert replaced == (tmp_path / "journal.db.damaged").exists()
    assert site.tally.problems == []
