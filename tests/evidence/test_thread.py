"""The evidence thread does what it is told in order, waits for nobody, and ends loudly when it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain import Box, Incident, IncidentState, Severity, Track
from agent.evidence.stills import StillPicker
from agent.evidence.thread import EvidenceThread
from agent.vision.pipeline import Outcome, StageMs
from hal.ports import Frame
from tests.evidence.rig import Rig
from tests.pictures import grey_planes
from tests.waiting import eventually


def outcome(t_s: float, box: Box, *incidents: Incident, luma: int = 90) -> Outcome:
    picture = grey_planes(luma, (64, 48))
    track = Track(1, t_s, box, 0.9, True, True, True, box.height, 0.0, t_s)
    return Outcome(Frame(0, t_s, picture, picture), True, (), [track], (), incidents, StageMs())


def incident(state: IncidentState, t_s: float) -> Incident:
    return Incident("i-1", "loitering", "loitering-a", state, Severity.WARNING, t_s, 1.0, (1,))


def test_it_ends_in_order_with_everything_stored(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(6.0)
    thread = EvidenceThread(rig.keeper, rig.clock.monotonic)
    thread.start()
    now_s = rig.clock.monotonic()
    thread.frame(outcome(now_s, Box(0.2, 0.2, 0.4, 0.8), incident(IncidentState.OPEN, now_s)))
    thread.packet(rig.packet())
    assert thread.call(lambda keeper: keeper.recording).result(5.0) == 1
    thread.stop()
    assert thread.ended.result(5.0) is None
    told = rig.told("clip")[0]
    assert (told["ended"], told["stills"]) == ("stopped", ["i-1-onset.jpg"])


def test_what_a_call_raises_goes_to_its_caller(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    thread = EvidenceThread(rig.keeper, rig.clock.monotonic)
    thread.start()
    with pytest.raises(KeyError):
        thread.call(lambda keeper: keeper.erase("none", "asked")).result(5.0)
    thread.stop()
    assert thread.ended.result(5.0) is None


def test_a_bug_ends_it_loudly(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    thread = EvidenceThread(rig.keeper, rig.clock.monotonic)
    thread.start()
    thread.incident(None)  # type: ignore[arg-type]  # the bug
    eventually(thread.ended.done)
    assert isinstance(thread.ended.exception(), AttributeError)


def test_the_peak_is_where_most_of_the_person_is_seen() -> None:
    picker, small, large = StillPicker(), Box(0.4, 0.4, 0.5, 0.6), Box(0.2, 0.1, 0.6, 0.9)
    onset = picker.look(outcome(1.0, small, incident(IncidentState.OPEN, 1.0), luma=50))
    assert [(one.which, one.boxes) for one in onset] == [("onset", (small,))]
    assert picker.look(outcome(2.0, large, luma=100)) == []
    assert picker.look(outcome(3.0, small, luma=150)) == []
    last = picker.look(outcome(4.0, small, incident(IncidentState.CLOSED, 4.0), luma=200))
    assert [(one.which, one.boxes, int(one.picture.y[0, 0])) for one in last] == [
        ("peak", (large,), 100),
        ("end", (small,), 200),
    ]


def test_a_picture_names_its_incident_whatever_it_is_called() -> None:
    sighting = StillPicker().look(outcome(1.0, Box(0.1, 0.1, 0.2, 0.2), incident(IncidentState.OPEN, 1.0)))[0]
    assert sighting.name == "i-1-onset.jpg"
    assert sighting._replace(incident="../a b").name == "___a_b-onset.jpg"
    assert sighting.jpeg().startswith(b"\xff\xd8")
