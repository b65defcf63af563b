"""`aislewatch zones`: what is drawn into the picture: shown, changed on trial, checked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.cli.asking import ask, fetch
from agent.cli.files import read_text
from agent.cli.looks import colourful, columns, mark
from agent.cli.printing import say
from agent.cli.terminal_picture import decoded, picture_lines, with_places, write_picture
from agent.cli.trying import try_out
from agent.config_text import DRAWN, with_tables
from agent.errors import OperatorError
from agent.fitting.places import doubts

CORNERS = {
    "zone": "polygon",
    "line": "points",
    "privacy_mask": "polygon",
    "motion_mask": "polygon",
    "object_mask": "polygon",
}
WORDS = {key: key.replace("_", " ") for key in DRAWN}


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants drawn: a whole `file`, or one place by its `name`.

    `alarm` names the outputs that go on when somebody enters that zone; "none" takes the rule away.
    """

    file: Path | None
    what: str
    name: str | None
    kind: str | None
    points: str | None
    alarm: Sequence[str]
    remove: bool


def show(url: str, out: Path | None, *, toml: bool, picture: bool, as_json: bool) -> None:
    """Print what is drawn, with the picture in the terminal or as a file."""
    drawn = ask(url, "/v1/zones")
    if toml:
        print(with_tables("", {key: drawn[key] for key in DRAWN if drawn[key]}).strip())
        return
    facts: dict[str, Any] = {"type": "zones", **drawn}
    lines = list(place_lines(drawn))
    if out is not None:
        facts["bytes"] = write_picture(with_places(decoded(fetch(url, "/live.jpg")), drawn), out)
        lines.append(f"{out}: {facts['bytes']} bytes")
    elif picture and colourful() and not as_json:
        lines = [*picture_lines(with_places(decoded(fetch(url, "/live.jpg")), drawn), columns()), *lines]
    say(facts, lines, as_json=as_json)


def place_lines(drawn: Mapping[str, Any]) -> Iterator[str]:
    """What is drawn, one place a line, with the rules that go by it."""
    for key, points in CORNERS.items():
        for number, place in enumerate(drawn[key]):
            name = place.get("name", f"#{number + 1}")
            rules = [_rule(rule) for rule in drawn["rule"] if key in ("zone", "line") and rule.get(key) == name]
            kind = place.get("kind", "generic") if key == "zone" else ""
            yield f"{WORDS[key]:12} {name:16} {kind:11} {len(place[points])} points  {', '.join(rules)}".rstrip()
    if not any(drawn[key] for key in CORNERS):
        yield "nothing is drawn: aislewatch zones set"


def _rule(rule: Mapping[str, Any]) -> str:
    actions = ", ".join(rule.get("actions", ()))
    return f"{rule['kind']} -> {actions}" if actions else str(rule["kind"])


def put(url: str, change: Change, reason: str, by: str | None, *, as_json: bool) -> None:
    """Change what is drawn; the camera tries it."""
    drawn = ask(url, "/v1/zones")
    tables = _from_file(change.file) if change.file else changed(drawn, change)
    try_out(url, "/v1/zones", {**tables, "reason": reason, "base": drawn["sha256"]}, by, as_json=as_json)


def _from_file(file: Path) -> dict[str, Any]:
    """The tables of a TOML file, such as `zones show --toml` prints. Raises OperatorError."""
    try:
        raw = tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{file} is no TOML: {error}", hint="aislewatch zones show --toml shows how") from None
    if wrong := [key for key in raw if key not in DRAWN] or ([] if raw else ["nothing"]):
        known = ", ".join(f"[[{key}]]" for key in DRAWN)
        raise OperatorError(f"{file} holds {', '.join(wrong)}", hint=f"it may hold {known}")
    return raw


def changed(drawn: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The tables with a place added, replaced or taken out, and the rules that go by it. Raises OperatorError."""
    places = drawn[change.what]
    if change.name is None and change.what in ("zone", "line"):
        raise OperatorError(f"which {change.what}?", hint="give a FILE, or --name with --points or --remove")
    same = [number for number, one in enumerate(places) if _is_called(one, number, change.name)]
    if change.remove:
        if not same:
            raise OperatorError(f"there is no {WORDS[change.what]} {change.name}", hint="aislewatch zones show")
        gone = [rule for rule in drawn["rule"] if rule.get(change.what) == change.name]
        rules = {"rule": [rule for rule in drawn["rule"] if rule not in gone]} if gone else {}
        return {change.what: [one for number, one in enumerate(places) if number not in same], **rules}
    old = places[same[0]] if same else ({"name": change.name} if change.what in ("zone", "line") else {})
    new = _drawn_as(old, change)
    put = [new if number in same else one for number, one in enumerate(places)]
    rules = {"rule": _alarmed(drawn["rule"], new, change)} if change.alarm else {}
    return {change.what: put if same else [*put, new], **rules}


def _drawn_as(old: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The place with what is said of it. Raises OperatorError where nobody has said where it is."""
    corners = CORNERS[change.what]
    new = {**old, **({"kind": change.kind} if change.kind else {})}
    if change.points is not None:
        new[corners] = points_of(change.points)
    if corners not in new:
        raise OperatorError(f"where is {change.name}?", hint='give --points "0.1,0.2 0.5,0.2 0.5,0.9"')
    return new


def _alarmed(rules: Sequence[Mapping[str, Any]], zone: Mapping[str, Any], change: Change) -> list[Mapping[str, Any]]:
    """The rules with the one that says what goes on when somebody enters a restricted zone. Raises OperatorError."""
    if change.what != "zone" or zone.get("kind") != "restricted":
        raise OperatorError(
            "an alarm is for a restricted zone", hint="add --kind restricted, or give a FILE with a rule"
        )
    outputs = [name for name in change.alarm if name != "none"]
    others = [rule for rule in rules if (rule["kind"], rule.get("zone")) != ("restricted", zone["name"])]
    old = next((rule for rule in rules if rule not in others), {"kind": "restricted", "severity": "critical"})
    return [*others, {**old, "zone": zone["name"], "actions": outputs}] if outputs else others


def _is_called(place: Mapping[str, Any], number: int, name: str | None) -> bool:
    return name is not None and name in (place.get("name"), f"#{number + 1}")


def points_of(text: str) -> list[list[float]]:
    """Points as people type them: `0.1,0.2 0.5,0.2`. Raises OperatorError."""
    try:
        points = [[float(part) for part in pair.split(",")] for pair in text.replace(";", " ").split()]
    except ValueError:
        points = []
    if not points or any(len(point) != 2 for point in points):
        raise OperatorError(f"{text!r} are no points", hint='such as "0.1,0.2 0.5,0.2 0.5,0.9": x,y from 0 to 1')
    return points


def check(url: str, *, as_json: bool) -> None:
    """Print what is doubtful about what is drawn; exit code 1 while anything is."""
    found = list(doubts(ask(url, "/v1/zones")))
    for doubt in found:
        head = mark("warning", f"{doubt.place} {doubt.what}".strip())
        say({"type": "doubt", **doubt._asdict()}, [head, f"  -> {doubt.advice}"], as_json=as_json)
    if found:
        raise SystemExit(1)
    say({"type": "checked"}, mark("ok", "nothing is doubtful about what is drawn"), as_json=as_json)
