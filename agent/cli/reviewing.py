"""The commands that review incidents: `incidents`, `confirm`, `dismiss`, `note`, `explain` and `budget`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from agent.cli.asking import ask, tell, who
from agent.cli.printing import say
from agent.events.lines import brief

HEADINGS = {
    "measured": "measured",
    "noted": "noted",
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
        say(incident, incident_line(incident), as_json=as_json)
    if not found["incidents"] and not as_json:
        print("no incidents" + (f" that are {state}" if state else ""))


def show(url: str, incident: str, *, as_json: bool) -> None:
    """Print one incident with what people said about it."""
    _show(ask(url, _path(incident)), as_json=as_json)


def decide(url: str, incident: str, decision: str, reason: str, note: str, by: str | None, *, as_json: bool) -> None:
    """Confirm or dismiss an incident."""
    said = {"decision": decision, "reason": reason, "note": note, "by": who(by)}
    _show(tell(url, _path(incident, "decision"), said), as_json=as_json)


def annotate(url: str, incident: str, text: str, by: str | None, *, as_json: bool) -> None:
    """Write a note on an incident."""
    _show(tell(url, _path(incident, "notes"), {"text": text, "by": who(by)}), as_json=as_json)


def explain(url: str, incident: str, *, as_json: bool) -> None:
    """Print why an incident is what it is."""
    explanation = ask(url, _path(incident, "explanation"))
    lines = [incident_line(explanation), *explanation_lines(explanation["sentences"])]
    say(explanation, lines, as_json=as_json)


def budget(url: str, *, as_json: bool) -> None:
    """Print how the alert budget stands."""
    facts = ask(url, "/v1/budget")
    say({"type": "budget", **facts}, budget_lines(facts), as_json=as_json)


def incident_line(incident: Mapping[str, Any]) -> str:
    """One incident in a line."""
    where = incident.get("zone") or incident.get("line") or ""
    opened = incident["opened"]
    when = opened["utc"] + ("" if opened["clock_synchronised"] else " (clock not synchronised)")
    head = f"{incident['id']}  {when}  {incident['severity']:8}  {incident['state']:9}"
    lasted = f"{incident['lasted_s']:.0f} s" + ("" if incident["over"] else " so far")
    return f"{head}  {incident['rule']}{' in ' + where if where else ''}, {lasted}"


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


def review_lines(incident: Mapping[str, Any]) -> Iterator[str]:
    """One incident with its factors, decisions and notes."""
    yield incident_line(incident)
    for name, value in incident["factors"].items():
        yield f"  {name} = {brief(value)}"
    for decision in incident["decisions"]:
        why = ", ".join(words for words in (decision["reason"], decision["note"]) if words)
        said = f"{decision['decision']} by {decision['by'] or 'somebody'}" + (f": {why}" if why else "")
        yield f"  {decision['utc']}  {said}"
    for note in incident["notes"]:
        yield f"  {note['utc']}  note by {note['by'] or 'somebody'}: {note['text']}"


def _show(incident: Mapping[str, Any], *, as_json: bool) -> None:
    say(incident, review_lines(incident), as_json=as_json)


def _path(incident: str, what: str = "") -> str:
    return f"/v1/incidents/{quote(incident, safe='')}" + (f"/{what}" if what else "")
