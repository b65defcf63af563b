"""Short lives are counted, those that a power cut ended half; a long one, another configuration, an orderly end not."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent.events.journal import Journal
from agent.health.life import KEY, LifeBook
from agent.health.lives import DAY_S, MOST_STARTS, Lives, decode, encode
from hal.simulated.clock import ManualClock


async def begun(
    journal: Journal, clock: ManualClock, identity: str = "a", safe_after: int = 5, boot: str = "one"
) -> LifeBook:
    clock.sleep(10.0)
    return await LifeBook.open(journal, clock, identity, boot, safe_after)


async def test_five_short_lives_make_the_sixth_a_safe_one(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        books = [await begun(journal, clock) for _ in range(6)]
        assert [bool(book.safe) for book in books] == [False] * 5 + [True]
        assert books[-1].starts == 6
        assert "5 starts in a row" in books[-1].safe
        await books[-1].lasting()
        assert not (await begun(journal, clock)).safe


async def test_a_life_that_lasts_or_is_stopped_on_purpose_does_not_count(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        for number in range(20):
            book = await begun(journal, clock)
            assert not book.safe
            await (book.lasting() if number % 4 == 3 else book.stopped())
        for _ in range(4):
            await begun(journal, clock)
        assert not (await begun(journal, clock, "another")).safe
        assert not (await begun(journal, clock)).safe


async def test_the_plug_pulled_five_times_makes_no_safe_life_and_ten_times_does(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        books = [await begun(journal, clock, boot=f"boot {number}") for number in range(11)]
        assert [bool(book.safe) for book in books] == [False] * 10 + [True]
        assert "10 starts in a row" in books[-1].safe
        assert "10 of them by a start of the whole computer" in books[-1].safe
        await books[-1].lasting()
        assert not (await begun(journal, clock, boot="boot 11")).safe


async def test_a_cut_between_crashes_neither_counts_as_one_nor_hides_them(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        boots = ["a", "a", "a", "b", "b", "b"]  # after these: four crashes and a cut
        assert not any([(await begun(journal, clock, boot=boot)).safe for boot in boots])
        assert (await begun(journal, clock, boot="b")).safe


async def test_a_kernel_that_has_no_name_is_taken_for_the_same(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        books = [await begun(journal, clock, boot="") for _ in range(6)]
        assert [bool(book.safe) for book in books] == [False] * 5 + [True]


async def test_where_nobody_starts_it_anew_nothing_is_counted(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(tmp_path / "journal.db", clock) as journal:
        assert not any([(await begun(journal, clock, safe_after=0)).safe for _ in range(9)])
        assert not LifeBook.uncounted(journal).safe
        await journal.keep(KEY, b"{broken")
        assert not (await begun(journal, clock)).safe


@given(st.lists(st.floats(-1e6, 3 * DAY_S), max_size=200))
def test_starts_are_those_of_a_day_and_few(gaps: list[float]) -> None:
    lives, utc_s = Lives(), 1e9
    for gap_s in gaps:
        utc_s += gap_s
        lives = decode(encode(lives.begun("a", utc_s, "boot")))
        assert all(0 <= utc_s - at_s < DAY_S for at_s in lives.starts)
        assert 1 <= len(lives.starts) <= MOST_STARTS + 1
        assert lives.starts[-1] == utc_s
