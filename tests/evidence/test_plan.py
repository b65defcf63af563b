"""Which stretch of video an incident asks for."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

from agent.domain import Event, Incident, IncidentState, Severity
from agent.events.wire import EventBody, body_of, decode_body, encode_body
from agent.evidence.plan import MOST_INCIDENTS, ClipPlan, Terms, Want
from agent.evidence.stills import END, ONSET, PEAK, still_name


def plan(most_s: float = 300.0) -> ClipPlan:
    numbers = count(1)
    return ClipPlan(Terms(pre_s=5.0, post_s=5.0, most_s=most_s), lambda: f"c{next(numbers)}")


def incident(name: str, t_s: float, severity: Severity = Severity.WARNING) -> Incident:
    return Incident(name, "loitering", "loitering-a", IncidentState.OPEN, severity, t_s, t_s)


def closed(opened: Incident, t_s: float) -> Incident:
    return replace(opened, state=IncidentState.CLOSED, t_s=t_s)


def begun(want: Want | None) -> Want:
    assert want is not None
    return want


def test_a_clip_lasts_from_before_the_opening_until_after_the_closing() -> None:
    clips, seen = plan(), incident("a", 100.0)
    want = begun(clips.take(seen))
    assert (want.start_s, want.end_s) == (95.0, 395.0)
    clips.take(closed(seen, 130.0))
    assert want.end_s == 135.0
    assert clips.take_over(134.9) == []
    assert clips.take_over(135.0) == [want]
    assert clips.wants == []


def test_an_incident_that_bookmarks_earlier_video_has_it_unless_it_is_long_gone() -> None:
    for start_s, begins_s in ((72.0, 72.0), (98.0, 95.0), (-300.0, 95.0)):
        clips = plan()
        want = begun(clips.take(replace(incident("a", 100.0), factors={"video_s": [start_s, start_s + 30.0]})))
        assert (want.start_s, want.end_s) == (begins_s, 395.0)


def test_telling_the_same_twice_changes_nothing() -> None:
    clips, seen = plan(), incident("a", 100.0)
    clips.take(seen)
    assert clips.take(seen) is None
    assert len(clips.wants) == 1


def test_an_incident_that_opens_meanwhile_joins_and_extends_the_clip() -> None:
    clips = plan()
    first, second = incident("a", 100.0), incident("b", 110.0, Severity.CRITICAL)
    want = begun(clips.take(first))
    assert clips.take(second) is None
    clips.take(closed(first, 112.0))
    assert want.until_s == math.inf
    clips.take(closed(second, 120.0))
    assert want.end_s == 125.0
    assert set(want.incidents) == {"a", "b"}
    assert want.severity == Severity.CRITICAL


def test_one_that_opens_in_the_post_roll_joins_too() -> None:
    clips, first = plan(), incident("a", 100.0)
    want = begun(clips.take(first))
    clips.take(closed(first, 101.0))
    clips.take(incident("b", 104.0))
    assert want.until_s == math.inf


def test_one_that_opens_late_in_a_long_clip_gets_its_own() -> None:
    clips = plan()
    clips.take(incident("a", 100.0))
    late = begun(clips.take(incident("b", 260.0)))
    assert late.start_s == 255.0


def test_a_clip_ends_at_its_limit_though_the_incident_lives_on() -> None:
    clips, seen = plan(most_s=60.0), incident("a", 100.0)
    want = begun(clips.take(seen))
    assert clips.take_over(155.0) == [want]
    assert want.open
    clips.take(replace(seen, state=IncidentState.UPDATED, t_s=160.0))
    assert clips.wants == []


def test_what_matters_too_little_is_not_recorded() -> None:
    clips = ClipPlan(Terms(severity=Severity.WARNING), lambda: "c")
    assert clips.take(incident("a", 100.0, Severity.INFO)) is None
    assert clips.take(incident("b", 100.0)) is not None


def test_an_end_without_a_beginning_is_nothing() -> None:
    assert plan().take(closed(incident("a", 100.0), 110.0)) is None


def test_a_person_may_ask_for_any_stretch_up_to_the_longest() -> None:
    clips = plan(most_s=60.0)
    want = clips.request(10.0, 500.0, "till 3")
    assert (want.start_s, want.end_s, want.reason) == (10.0, 70.0, "till 3")
    assert clips.take(incident("a", 20.0)) is not None, "a request is no clip of an incident"


def test_a_clip_that_is_full_is_followed_by_another_and_what_is_told_of_it_is_no_message_too_large() -> None:
    clips = plan()
    begun = [
        want for n in range(3 * MOST_INCIDENTS) if (want := clips.take(incident(f"{n:08x}-{n:05d}", 100.0 + n / 10)))
    ]
    assert [len(want.incidents) for want in begun] == [MOST_INCIDENTS] * 3
    names = [*begun[0].incidents]
    stills = [still_name(name, which) for name in names for which in (ONSET, PEAK, END)]
    told = encode_body(body_of(Event("clip", 1.0, data={"incidents": [*names], "stills": [*stills]})))
    assert isinstance(decode_body(told), EventBody)
