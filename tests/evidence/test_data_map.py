"""The data map of docs/privacy.md names everything that a camera keeps, and only what there is."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from agent import memory, tills
from agent.config import parse_config
from agent.evidence.service import CONFIG_KEY
from agent.health import days, foresight, life, medic, watch
from agent.hub import results
from agent.hub.mqtt import retained
from agent.insight import desk as insight
from agent.living import LIFE
from agent.respond import arming
from agent.review import keeper, tuning
from agent.review.keeper import INCIDENTS, NEAR_MISSES
from agent.schema import settings_of
from agent.tables.evidence import EvidenceConfig
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, eventually

PAGE = (Path(__file__).parent.parent.parent / "docs" / "privacy.md").read_text()

pytestmark = pytest.mark.timeout(120)


def first_cells(heading: str) -> list[str]:
    """What stands in backticks in the first column of the table below a heading."""
    part = re.split(r"\n###? ", PAGE.split(f"# {heading}", 1)[1], maxsplit=1)[0]
    return [match[1] for line in part.splitlines() if (match := re.match(r"\| `([^`]+)` \|", line))]


PLACES = first_cells("On the disk")
TABLES = first_cells("In the tables")
SHELVES, KEYS = first_cells("What lies on the shelves"), first_cells("What `state` holds")


def kept(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def values(folder: Path, query: str) -> set[str]:
    with closing(sqlite3.connect(folder / "journal.db")) as base:
        return {value for (value,) in base.execute(query)}


async def test_a_camera_keeps_nothing_that_the_map_does_not_name(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, tls_port=0))
    config = replace(config, evidence=replace(config.evidence, min_free_mb=0.0))
    seen: set[str] = set()
    async with camera(config):
        parts = tmp_path / "evidence" / "clips"
        await eventually(lambda: any(parts.glob("*.part/clip.mp4")) and any(parts.glob("*.part/*.jpg")))
        seen |= kept(tmp_path)
    seen |= kept(tmp_path)
    nameless = {name for name in seen if not any(fnmatch(name.replace(".part/", "/"), place) for place in PLACES)}
    assert nameless == set()
    unused = {place for place in PLACES if not any(fnmatch(name.replace(".part/", "/"), place) for name in seen)}
    made_by_a_person = {"evidence/clips/*.hold", "identity/trust.json", "reset.json", "update.json", "models/*"}
    assert unused == made_by_a_person
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    assert values(tmp_path, tables) == set(TABLES)
    assert values(tmp_path, "SELECT DISTINCT shelf FROM filed") <= set(SHELVES)
    keys = values(tmp_path, "SELECT key FROM state") - {"", "#"}  # the epoch's copy, how many there are
    assert {"life", "review", "insight"} <= keys <= set(KEYS)


def test_the_map_names_every_shelf_and_key_of_the_code() -> None:
    shelves = {INCIDENTS, NEAR_MISSES, insight.SHELF, tills.SHELF, results.SHELF}
    shelves |= {foresight.READINGS, foresight.SERVICES}
    keys = {memory.KEY, arming.KEY, tuning.KEY, keeper.KEY, insight.KEY, watch.KEY, tills.KEY, LIFE, CONFIG_KEY}
    keys |= {life.KEY, medic.KEY, days.KEY, foresight.KEY, retained.KEY}
    assert (set(SHELVES), set(KEYS)) == (shelves, keys)


def test_every_setting_of_retention_is_on_the_map() -> None:
    limits = {name for name in settings_of(EvidenceConfig) if name.startswith("keep_")}
    assert limits
    assert all(name in PAGE for name in (*limits, "max_age_days", "ring_s", "ring_mb"))


def test_every_row_says_what_how_long_who_and_why() -> None:
    part = PAGE.split("## On the disk", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")
    ]
    assert len(rows) == len(PLACES)
    for row in rows:
        assert len(row) == 5
        assert all(row)
