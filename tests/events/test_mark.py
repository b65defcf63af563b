"""The mark beside the journal: a log that lost its end, or a database that is gone, is told; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain import Event, Severity
from agent.events.journal import Filed, Journal, JournalLimits, Position
from agent.events.mark import SUFFIX, Mark, Promised
from agent.events.wire import EventBody
from hal.system import SystemClock

LIMITS = JournalLimits(group_s=0.001)
E = "0123456789abcdef"


def test_a_mark_says_what_was_written_last(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "mark")
    assert mark.read() is None
    for promised in (Promised(E, 1, 0), Promised(E, 1 << 40, 7)):
        mark.write(promised)
        assert mark.read() == promised
    mark.close()
    assert mark.read() is None
    assert Mark(tmp_path / "no" / "folder").read() is None


@pytest.mark.parametrize("at", range(0, 44, 5))
def test_a_damaged_mark_says_nothing(tmp_path: Path, at: int) -> None:
    mark = Mark(tmp_path / "mark")
    mark.write(Promised(E, 5, 5))
    content = bytearray((tmp_path / "mark").read_bytes())
    content[at] ^= 4
    (tmp_path / "mark").write_bytes(content)
    assert mark.read() is None
    (tmp_path / "mark").write_bytes(content[:at])
    assert mark.read() is None


def test_only_more_of_the_same_epoch_is_beyond() -> None:
    found = Promised(E, 5, 5)
    assert "up to 6" in Promised(E, 6, 5).beyond(found)
    assert "kept" in Promised(E, 5, 6).beyond(found)
    for other in (found, Promised(E, 4, 4), Promised("f" * 16, 9, 9)):
        assert other.beyond(found) == ""


class Camera:
    """A folder with a journal that is opened, worked on, and left as a kill leaves it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.log, self.mark = folder / "journal.db-wal", folder / f"journal.db{SUFFIX}"
        self.epoch = ""

    async def work(self) -> dict[str, bytes]:
        """Three events and a record; the files as they are before it is closed."""
        async with await Journal.open(self.path, SystemClock(), LIMITS) as journal:
            for number in range(3):
                await journal.append(Event("count", 0.0, Severity.WARNING, {"n": number}))
            await journal.file("shelf", [Filed("a", 1.0, b"x")])
            self.epoch = journal.head.epoch
            return {file.name: file.read_bytes() for file in self.path.parent.iterdir()}

    def lay_out(self, files: dict[str, bytes]) -> None:
        for file in self.path.parent.iterdir():
            file.unlink()
        for name, content in files.items():
            (self.path.parent / name).write_bytes(content)

    async def found(self) -> tuple[bool, list[EventBody]]:
        """Whether the epoch is still the same, and what the journal tells of damage."""
        async with await Journal.open(self.path, SystemClock(), LIMITS) as journal:
            records = (await journal.read(Position("", 0))).records
            bodies = [record.body for record in records if isinstance(record.body, EventBody)]
            return journal.head.epoch == self.epoch, [body for body in bodies if body.kind == "journal_replaced"]


@pytest.fixture
async def camera(tmp_path: Path) -> Camera:
    made = Camera(tmp_path)
    made.lay_out(await made.work())
    return made


async def test_what_a_kill_leaves_is_whole(camera: Camera) -> None:
    assert await camera.found() == (True, [])


@pytest.mark.parametrize("frames", [1, 2, 3])
async def test_a_log_without_its_end_is_told_with_what_was_promised(camera: Camera, frames: int) -> None:
    camera.log.write_bytes(camera.log.read_bytes()[: -(4096 + 24) * frames])
    same, (report,) = await camera.found()
    assert not same
    assert (report.data["epoch"], report.data["promised"]) == (camera.epoch, 3)
    assert "it ends too soon" in str(report.data["reason"])
    assert (await camera.found())[1] == [report], "told once"


async def test_a_log_that_is_gone_and_a_database_that_is_gone_are_told(camera: Camera) -> None:
    files = {file.name: file.read_bytes() for file in camera.path.parent.iterdir()}
    camera.log.unlink()
    same, (report,) = await camera.found()
    assert (same, report.data["promised"]) == (False, 3)
    camera.lay_out({name: content for name, content in files.items() if name.endswith(SUFFIX)})
    same, (report,) = await camera.found()
    assert (same, report.data["salvaged"], report.data["promised"]) == (False, 0, 3)
    assert "the database is gone" in str(report.data["reason"])


async def test_a_mark_that_lags_or_is_missing_or_of_another_journal_tells_nothing(camera: Camera) -> None:
    mark = Mark(camera.mark)
    for behind in (Promised(camera.epoch, 2, 0), Promised(E, 99, 99)):
        mark.write(behind)
        assert await camera.found() == (True, [])
    camera.mark.unlink()
    assert await camera.found() == (True, [])


async def test_the_mark_follows_a_new_epoch_and_a_close(camera: Camera) -> None:
    async with await Journal.open(camera.path, SystemClock(), LIMITS) as journal:
        await journal.renew_epoch("test")
        head = journal.head
    mark = Mark(camera.mark)
    assert mark.read() == Promised(head.epoch, head.last_seq, 1)
    camera.epoch = head.epoch
    assert await camera.found() == (True, [])


async def test_a_backup_of_yesterday_gives_no_number_again(camera: Camera) -> None:
    """Somebody puts an older journal back: what was promised since is told, under another epoch."""
    old = {file.name: file.read_bytes() for file in (camera.path, camera.log)}
    async with await Journal.open(camera.path, SystemClock(), LIMITS) as journal:
        await journal.append(Event("count", 0.0, Severity.WARNING))
    camera.log.unlink(missing_ok=True)
    for name, content in old.items():
        (camera.path.parent / name).write_bytes(content)
    same, (report,) = await camera.found()
    assert (same, report.data["promised"], report.data["salvaged"]) == (False, 4, 3)
