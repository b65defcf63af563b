"""`kill -9` a few milliseconds after the start, again and again: the hub has every promised event, each once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.durability.io_trace import ROOT

COUNT = int(os.environ.get("AISLEWATCH_JOURNAL_KILLS", "500"))


def killed(folder: Path, times: int, seed: int) -> dict[str, Any]:
    """In a process of its own, for it forks."""
    command = [sys.executable, "-m", "tests.durability.journal_kills", str(folder), str(times), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tally: dict[str, Any] = json.loads(done.stdout)
    assert tally["problems"] == []
    assert tally["kills"] == times
    return tally


def test_the_journal_killed_again_and_again(tmp_path: Path) -> None:
    tally = killed(tmp_path, 40, seed=1)
    assert tally["delivered"] >= tally["promised"] > 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_journal_killed_hundreds_of_times(tmp_path: Path) -> None:
    """As often as AISLEWATCH_JOURNAL_KILLS says."""
    tally = killed(tmp_path, COUNT, seed=1000)
    assert tally["cut"] > COUNT / 4, "hardly ever was the journal open"
    assert tally["doubled_on_the_way"] > 0, "the hub never had to know an event again"
