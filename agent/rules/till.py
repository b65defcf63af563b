"""The rule `pos_exception`: a refund, void or no-sale while nobody stood on the customers' side of the till.

It keeps a record of its zone (when it was watched, when somebody was there, when nobody could tell) and judges every
booking by it, also one that is told minutes later. The till's clock may be off by `error_s` either way: "absent" is
said only when no time that the booking may have been made had a customer, "present" only when every such time had one.
What remains is "unknown", with the reason. Nobody is accused because of a clock, a blind camera or a hidden place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.domain import Box, Json, Point, Severity, TillKind
from agent.rule_config import PosExceptionRule
from agent.rules.base import Hit, Subject, View
from agent.rules.continuity import rows
from agent.rules.facts import TillEvent
from agent.rules.spans import Spans
from agent.rules.zones import ZoneMap

GAP_S = 3.0
"""Looks further apart than this are a time in which nobody watched; an idle camera looks every two seconds."""
SETTLE_S = 1.0
"""Somebody who comes is confirmed so much later; until then the record is not final."""
VANISHED_S = 10.0
"""Who was lost within the zone may stand there unseen for so long."""
HIDDEN_S = 3.0
"""The zone may be hidden for so long: nobody is served in less."""
HEARD_S = 1800.0
"""After a restart the bookings of the last quarter of an hour are told again."""
GRID = 8


class ZoneRecord:
    """What the camera saw of one zone lately. Times are those of the frames."""

    def __init__(self, zone: int, polygon: Sequence[Point], max_hidden: float, keep_s: float) -> None:
        self.watched, self.present, self.hidden, self.blind = Spans(), Spans(), Spans(), Spans()
        self._zone = zone
        self._points = _points_in(polygon)
        self._bounds = _bounds(polygon)
        self._max_hidden = max_hidden
        self._keep_s = keep_s
        self._last_s = -math.inf

    def take(self, view: View) -> None:
        """Note one frame."""
        t_s, since_s = view.t_s, max(self._last_s, view.t_s - GAP_S)
        self.watched.add(self._last_s if t_s - self._last_s <= GAP_S else t_s, t_s)
        for stay in view.stays_in(self._zone):
            self.present.add(stay.entered_s, stay.seen_s)
        for stay in view.ended:
            if stay.zone == self._zone:
                self._ended(stay.entered_s, stay.left_s or stay.seen_s, lost=stay.left_s == stay.seen_s)
        if view.senses.blind is not None:
            self.blind.add(since_s, t_s)
        elif self._is_hidden(view):
            self.hidden.add(since_s, t_s)
        self._last_s = t_s
        for spans in (self.watched, self.present, self.hidden, self.blind):
            spans.forget(t_s - self._keep_s)

    def _ended(self, entered_s: float, left_s: float, *, lost: bool) -> None:
        self.present.add(entered_s, left_s)
        if lost:
            self.hidden.add(left_s, left_s + VANISHED_S)

    def _is_hidden(self, view: View) -> bool:
        """Whether people outside, nearer to the camera, stand before too much of the zone."""
        left, top, right, bottom = self._bounds
        before = [
            box
            for track, person in view.people.items()
            if (box := person.box)[0] <= right and box[2] >= left and box[1] <= bottom and box[3] >= top
            if (track, self._zone) not in view.stays
        ]
        covered = sum(any(_covers(box, point) for box in before) for point in self._points) if before else 0
        return covered >= max(self._max_hidden * len(self._points), 1)

    def snapshot(self, t_s: float) -> list[Json]:
        """Rows `[start, end]` of watched, present, hidden and blind, seconds relative to now."""
        return [
            [[round(start - t_s, 2), round(end - t_s, 2)] for start, end in spans]
            for spans in (self.watched, self.present, self.hidden, self.blind)
        ]

    def restore(self, state: Json, taken_s: float) -> None:
        """Go on from a snapshot; the time since then was not watched. Raises ValueError when it is not one."""
        if not isinstance(state, list) or len(state) != 4:
            raise ValueError("not a record of a zone")
        for spans, table in zip((self.watched, self.present, self.hidden, self.blind), state, strict=True):
            for start, end in rows(table, 2):
                spans.add(start + taken_s, end + taken_s)
        self._last_s = max((end for _, end in self.watched), default=-math.inf)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the camera saw: `verdict` is absent, present or unknown, `reason` why it is unknown.

    `customer_s` is how long somebody was there within the time that was looked at.
    """

    verdict: str
    reason: str = ""
    customer_s: float = 0.0


@dataclass(slots=True)
class _Case:
    """One booking on its way to a finding."""

    event: TillEvent
    found: Finding | None = None
    until_s: float = field(default=math.inf)


class PosException:
    """Bookings that usually need a customer, judged by whether one was there."""

    def __init__(self, config: PosExceptionRule, zone: int, polygon: Sequence[Point]) -> None:
        self.config = config
        self._record = ZoneRecord(zone, polygon, config.max_hidden, config.keep_s)
        self._cases: list[_Case] = []
        self._heard: dict[str, float] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each booking, from when it is told; its severity rises once nobody was found to be there."""
        self._record.take(view)
        self._cases += [_Case(event) for event in view.tills if self._is_news(event, view.t_s)]
        for case in self._cases:
            if case.found is None:
                case.found = self._judged(case.event, view.t_s)
                case.until_s = math.inf if case.found is None else view.t_s + self.config.hold_s
        self._cases = [case for case in self._cases if view.t_s <= case.until_s]
        yield from (self._hit(case) for case in self._cases)

    def _is_news(self, event: TillEvent, now_s: float) -> bool:
        """Whether it is this rule's, and not told again after a restart."""
        if event.zone != self.config.zone or event.kind not in self.config.kinds or _name(event) in self._heard:
            return False
        self._heard = {name: s for name, s in self._heard.items() if now_s - s <= HEARD_S}
        self._heard[_name(event)] = now_s
        return True

    def _judged(self, event: TillEvent, now_s: float) -> Finding | None:
        """What the camera saw, None while it may still see more."""
        if math.isinf(event.error_s):
            return Finding("unknown", "clock")
        start_s, end_s = event.t_s - self.config.before_s, event.t_s + self.config.after_s
        customer_s = self._record.present.length_s(start_s - event.error_s, end_s + event.error_s)
        if self._record.present.touch(start_s + event.error_s, end_s - event.error_s):
            return Finding("present", customer_s=customer_s)
        if now_s < end_s + event.error_s + SETTLE_S:
            return None
        return self._without(start_s - event.error_s, end_s + event.error_s, customer_s)

    def _without(self, start_s: float, end_s: float, customer_s: float) -> Finding:
        """The finding where nobody was surely there, over all times that may be meant."""
        record = self._record
        doubts = {
            "clock": record.present.touch(start_s, end_s),
            "blind": record.blind.touch(start_s, end_s),
            "not watching": not record.watched.cover(start_s, end_s),
            "hidden": record.hidden.length_s(start_s, end_s) > HIDDEN_S,
        }
        reason = next((reason for reason, holds in doubts.items() if holds), "")
        return Finding("unknown" if reason else "absent", reason, customer_s)

    def _hit(self, case: _Case) -> Hit:
        event, found = case.event, case.found
        absent = found is not None and found.verdict == "absent"
        factors: dict[str, Json] = {
            "terminal": event.terminal,
            "booking": event.id,
            "booked": str(event.kind),
            "customer": "pending" if found is None else found.verdict,
            **self._video(event),
        }
        if found is not None:
            factors |= {"absent": absent, "customer_s": round(found.customer_s, 1)}
            factors |= {"reason": found.reason} if found.reason else {}
        subject = Subject(self.config.name, None, _name(event))
        severity = self.config.severity if absent else Severity.INFO
        return Hit(subject, severity, int(found is not None), zone=self.config.zone, factors=factors, acts=absent)

    def _video(self, event: TillEvent) -> dict[str, Json]:
        """The bookmark: when it was booked and the video to look at, on the frames' clock."""
        booked: dict[str, Json] = {"booked_s": round(event.t_s, 2)}
        if math.isinf(event.error_s):
            return booked
        start_s, end_s = event.t_s - self.config.before_s, event.t_s + self.config.after_s
        video: Json = [round(start_s - event.error_s, 2), round(end_s + event.error_s, 2)]
        return booked | {"clock_error_s": event.error_s, "video_s": video}

    def snapshot(self, t_s: float) -> Json:
        """The record of the zone, the bookings that are not judged yet, and the names of those heard lately."""
        waiting: list[Json] = [_plain(case.event, t_s) for case in self._cases if case.found is None]
        heard: dict[str, Json] = {name: round(heard_s - t_s, 1) for name, heard_s in self._heard.items()}
        return {"record": self._record.snapshot(t_s), "waiting": waiting, "heard": heard}

    def restore(self, state: Json, taken_s: float, shift: int) -> None:
        """Go on from a snapshot. Raises ValueError when it is not one."""
        waiting, heard = (state.get("waiting"), state.get("heard")) if isinstance(state, dict) else (None, None)
        if not (isinstance(state, dict) and isinstance(waiting, list) and isinstance(heard, dict)):
            raise ValueError("not a snapshot of a till's rule")
        self._record.restore(state.get("record"), taken_s)
        self._cases += [_Case(_event(row, self.config.zone, taken_s)) for row in waiting]
        self._heard |= {name: float(str(heard_s)) + taken_s for name, heard_s in heard.items()}


def _name(event: TillEvent) -> str:
    return f"{event.terminal} {event.id}"


def _plain(event: TillEvent, now_s: float) -> Json:
    return [event.terminal, event.id, str(event.kind), round(event.t_s - now_s, 3), event.error_s]


def _event(row: Json, zone: str, taken_s: float) -> TillEvent:
    match row:
        case [str(terminal), str(number), str(kind), float() | int() as t_s, float() | int() as error_s]:
            return TillEvent(terminal, number, TillKind(kind), zone, t_s + taken_s, error_s)
    raise ValueError("not a booking")


def _covers(box: Box, point: Point) -> bool:
    """Whether somebody in `box`, nearer to the camera, hides who would stand at `point`."""
    return box.x1 <= point.x <= box.x2 and box.y1 <= point.y < box.y2


def _bounds(polygon: Sequence[Point]) -> Box:
    return Box(
        min(p.x for p in polygon), min(p.y for p in polygon), max(p.x for p in polygon), max(p.y for p in polygon)
    )


def _points_in(polygon: Sequence[Point]) -> list[Point]:
    """Places spread over a polygon, at least one."""
    left, top, right, bottom = _bounds(polygon)
    steps = [(k + 0.5) / GRID for k in range(GRID)]
    grid = [Point(left + u * (right - left), top + v * (bottom - top)) for v in steps for u in steps]
    inside = ZoneMap([polygon])
    return [point for point in grid if inside.at(point)] or [polygon[0]]
