"""The fleet's measurement: what counts as lost, as stored twice and as late; and a small one as a whole."""

from __future__ import annotations

import json

import pytest

from tools.benchmarks.mosquitto import no_mosquitto
from tools.fleet import Arrivals, main


def load(n: int) -> dict[str, object]:
    return {"kind": "load", "camera": "a", "n": n, "sent_s": 0.0}


async def test_arrivals_tell_repetitions_from_different_events() -> None:
    arrivals = Arrivals()
    for fields in (load(1), load(1), load(2), {"kind": "dwell"}):
        arrivals.take(fields)
    await arrivals.until(2)
    assert (len(arrivals.times), sum(arrivals.times.values())) == (2, 3)
    assert len(arrivals.delays_ms) == 3


@pytest.mark.slow
@pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())
def test_a_small_fleet_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cameras", "3", "--seconds", "3", "--burst-seconds", "2", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 2 * 2 * 6 + 1
    assert {row["verdict"] for row in rows} == {"met", ""}
