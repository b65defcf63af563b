"""A crash loop in a booted system: after five short lives the agent starts without seeing, quiet and reachable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.conftest import Boot, configuration
from tests.lab.nspawn import AGENT, Machine

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

SHORT_LIVES = 5


def cautious(root: Path) -> None:
    """As a camera is delivered: safe mode on."""
    text = configuration().replace("safe_after = 0", f"safe_after = {SHORT_LIVES}")
    (root / "etc/aislewatch/config.toml").write_text(text)


@pytest.fixture(scope="module")
def crashed(boot: Boot) -> Iterator[Machine]:
    """A camera whose agent was killed five times in a row."""
    with boot(cautious) as machine:
        machine.until_ready()
        for _ in range(SHORT_LIVES):
            machine.signal("KILL")
            machine.until_restarted()
        yield machine


def test_the_status_says_that_nothing_is_seen(crashed: Machine) -> None:
    facts = crashed.facts(AGENT, "ActiveState", "StatusText", "NRestarts")
    assert facts == {
        "ActiveState": "active",
        "StatusText": "safe mode: nothing is seen",
        "NRestarts": str(SHORT_LIVES),
    }


def test_in_safe_mode_nothing_sounds_and_the_agent_answers(crashed: Machine) -> None:
    assert not crashed.siren()
    status = json.loads(crashed.run("aislewatch", "status", "--json").stdout)
    assert "safe" in json.dumps(status)
    assert not crashed.siren()


def test_safe_mode_is_watched_too(crashed: Machine) -> None:
    stopped_s = crashed.signal("STOP")
    crashed.until_restarted()
    assert crashed.said(AGENT, "Watchdog timeout", stopped_s)
    assert crashed.fact(AGENT, "StatusText") == "safe mode: nothing is seen"
