"""The commands that review incidents: `incidents`, `confirm`, `dismiss`, `note`, `explain` and `budget`."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from agent.cli.asking import ask, tell
from agent.events.lines import brief

HEADINGS = {
    "measured": "measured",
    "weights": "weights",
    "would_not_have_opened": "it would not have opened with",
    "severity": "severity",
    "budget": "budget",
    "camera": "camera",
}


def show_list(url: str, state: str | None, limit: int, before: str | None, *, as_json: bool) -> None:
    """Print incidents, newest first."""
    asked = {"state": state, "limit": str(limit), "before": before}
    found = ask(url, "/v1/incidents", {key: value for key, value in asked.items() if value is not None})
    for incident in found["incidents"]:
        print(_json(incident) if as_json else incident_line(incident))
    if not found["incidents"] and not as_json:
        print("no incidents" + (f" that are {state}" if state else ""))


def show(url: str, incident: str, *, as_json: bool) -> None:
    """Print one incident with what people said about it."""
    _print(ask(url, _path(incident)), as_json=as_json)


def decide(url: str, incident: str, decision: str, reason: str, note: str, by: str | None, *, as_json: bool) -> None:
    """Confirm or dismiss an incident."""
    said = {"decision": decision, "reason": reason, "note": note, "by": who(by)}
    _print(tell(url, _path(incident, "decision"), said), as_json=as_json)


def annotate(url: str, incident: str, text: str, by: str | None, *, as_json: bool) -> None:
    """Write a note on an incident."""
    _print(tell(url, _path(incident, "notes"), {"text": text, "by": who(by)}), as_json=as_json)


def explain(url: str, incident: str, *, as_json: bool) -> None:
    """Print why an incident is what it is."""
    explanation = ask(url, _path(incident, "explanation"))
    if as_json:
        print(_json(explanation))
        return
    print(incident_line(explanation))
    for line in explanation_lines(explanation["sentences"]):
        print(line)


def budget(url: str, *, as_json: bool) -> None:
    """Print how the alert budget stands."""
    facts = ask(url, "/v1/budget")
    if as_json:
        print(_json({"type": "budget", **facts}))
        return
    for line in budget_lines(facts):
        print(line)


def incident_line(incident: Mapping[str, Any]) -> str:
    """One incident in a line."""
    where = incident.get("zone") or incident.get("line") or ""
    opened = incident["opened"]
    when = opened["utc"] + ("" if opened["clock_synchronised"] else " (clock not synchronised)")
    head = f"{incident['id']}  {when}  {incident['severity']:8}  {incident['state']:9}"
    return f"{head}  {incident['rule']}{' in ' + where if where else ''}, {incident['lasted_s']:.0f} s".rstrip()


def explanation_lines(sentences: Mapping[str, list[str]]) -> Iterator[str]:
    """Why, under headings."""
    for key, heading in HEADINGS.items():
        lines = sentences.get(key, [])
        if lines:
            yield f"{heading}:"
            yield from (f"  {line}" for line in lines)


def budget_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The budget and every rule under it."""
    if not facts["enabled"]:
        yield "the alert budget is off: every rule stands as it is configured"
        return
    yield f"{facts['estimated_per_day']:g} false alarms a day are expected, {facts['false_per_day']:g} are bearable"
    for rule in facts["rules"]:
        moved = f"{rule['configured']:g} -> {rule['now']:g} (at most {rule['most']:g})"
        stands = moved if rule["now"] != rule["configured"] else f"{rule['configured']:g}, as configured"
        yield f"{rule['rule']}: {rule['setting']} {stands}; {rule['reviewed']} reviewed, {rule['held_back']} held back"
        if rule["confirmed_below"]:
            yield f"  {rule['confirmed_below']} of {rule['confirmed']} confirmed incidents would not open now"


def _print(incident: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(_json(incident))
        return
    print(incident_line(incident))
    for name, value in incident["factors"].items():
        print(f"  {name} = {brief(value)}")
    for decision in incident["decisions"]:
        why = ", ".join(words for words in (decision["reason"], decision["note"]) if words)
        said = f"{decision['decision']} by {decision['by'] or 'somebody'}" + (f": {why}" if why else "")
        print(f"  {decision['utc']}  {said}")
    for note in incident["notes"]:
        print(f"  {note['utc']}  note by {note['by'] or 'somebody'}: {note['text']}")


def _path(incident: str, what: str = "") -> str:
    return f"/v1/incidents/{quote(incident, safe='')}" + (f"/{what}" if what else "")


def who(by: str | None) -> str:
    """The name given, or that of who is logged in here."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _json(fields: Mapping[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()
