"""Events as one JSON object a line, the form other programs read (docs/design/semantics.md)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from agent.domain import Json
from agent.events.wire import Body, EventBody, HealthBody, IncidentBody, Item, body_of, plain
from hal.ports import WallTime


def event_fields(item: Item | Body, wall: WallTime | None = None) -> dict[str, Json]:
    """The flat fields of an event, incident or health finding; `wall` adds `utc` and `clock_synchronised`.

    The fixed fields win over a kind's own field of the same name.
    """
    body = item if isinstance(item, EventBody | IncidentBody | HealthBody) else body_of(item)
    head = _head(body)
    if wall is not None:
        head |= {"utc": utc_text(wall.utc_s), "clock_synchronised": wall.synchronised}
    if isinstance(body, EventBody):
        return head | {key: value for key, value in body.data.items() if key not in head} | {"severity": body.severity}
    return head | _rest(body)


def event_json(item: Item | Body, wall: WallTime | None = None) -> str:
    """`event_fields` as one line of JSON without the line's end."""
    return msgspec.json.encode(event_fields(item, wall), enc_hook=plain).decode()


def sentence(body: Body) -> str:
    """One event for a person to read, without its time: severity, what, then the details as `name=value`."""
    fields = event_fields(body)
    fixed = {"type", "kind", "what", "severity", "state", "t_s", "id", "utc", "clock_synchronised", "opened_s"}
    details = [f"{key}={brief(value)}" for key, value in fields.items() if key not in fixed and value not in ([], {})]
    name = body.what if isinstance(body, HealthBody) else body.kind
    level = body.state if isinstance(body, HealthBody) else body.severity
    state = f" {body.state}" if isinstance(body, IncidentBody) else ""
    return " ".join([f"{level:8}", f"{name}{state}", *details])


def utc_text(utc_s: float) -> str:
    """ISO 8601 with milliseconds; the text "unknown" where the number is no date a calendar can show."""
    try:
        return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "unknown"


def brief(value: Json) -> str:
    """A value for a person to read."""
    if isinstance(value, list):
        return ",".join(brief(part) for part in value)
    if isinstance(value, dict):
        return "{" + " ".join(f"{key}={brief(part)}" for key, part in value.items()) + "}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _head(body: Body) -> dict[str, Json]:
    t_s = round(body.t_s, 3)
    if isinstance(body, EventBody):
        return {"type": "event", "kind": body.kind, "t_s": t_s}
    if isinstance(body, HealthBody):
        return {"type": "health", "what": body.what, "state": body.state, "t_s": t_s}
    head: dict[str, Json] = {"type": "incident", "id": body.id, "kind": body.kind, "rule": body.rule}
    return head | {"state": body.state, "severity": body.severity, "t_s": t_s}


def _rest(body: IncidentBody | HealthBody) -> dict[str, Json]:
    if isinstance(body, HealthBody):
        rest: dict[str, Json] = {"since_s": round(body.since_s, 3), "confidence": round(body.confidence, 3)}
        return rest | ({"detail": body.detail} if body.detail else {})
    place: dict[str, Json] = {"zone": body.zone, "line": body.line}
    rest = {key: value for key, value in place.items() if value is not None}
    rest |= {"tracks": [*body.tracks], "opened_s": round(body.opened_s, 3)}
    return rest | {"factors": {**body.factors}, "actions": [*body.actions]}
