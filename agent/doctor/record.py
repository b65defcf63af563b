"""The doctor's commissioning record: what was looked at and found, as JSON and as a page, each with a signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from agent.doctor.facts import Facts
from agent.doctor.finding import Colour
from agent.doctor.judge import colour_of, judge, parts_of
from agent.events.lines import utc_text
from agent.evidence.page import STYLE
from agent.evidence.seal import SUFFIX, seal
from agent.keys import DeviceKey

JSON, PAGE = "doctor.json", "doctor.html"
_BADGES = {Colour.GREEN: "good", Colour.AMBER: "warning", Colour.RED: "critical"}


def record_files(facts: Facts, by: str, note: str, key: DeviceKey | None) -> dict[str, bytes]:
    """The files by name; without a key there are no signatures."""
    record = record_facts(facts, by, note)
    content = msgspec.json.format(msgspec.json.encode(record)) + b"\n"
    files = {JSON: content, PAGE: record_page(record, hashlib.sha256(content).hexdigest()).encode()}
    return files | ({name + SUFFIX: seal(key, body) for name, body in files.items()} if key else {})


def record_facts(facts: Facts, by: str = "", note: str = "") -> dict[str, Any]:
    """The record as JSON: verdict, parts, findings, and all that was looked at."""
    findings = judge(facts)
    made = "" if facts.utc_s is None else utc_text(facts.utc_s)
    return {
        "record": "doctor",
        "verdict": colour_of(findings).name.lower(),
        "camera": {"name": facts.camera, "id": facts.serial, "board": facts.board, "version": facts.version},
        "made": {"utc": made, "clock_synchronised": bool(facts.synchronised), "by": by, "note": note},
        "parts": {part: None if seen is None else seen.name.lower() for part, seen in parts_of(facts).items()},
        "findings": [
            {**msgspec.to_builtins(one), "colour": one.colour.name.lower(), "word": one.colour.word} for one in findings
        ],
        "facts": msgspec.to_builtins(facts),
    }


def record_page(record: Mapping[str, Any], digest: str) -> str:
    """The page; `digest` is the hash of the JSON beside it."""
    camera, made = record["camera"], record["made"]
    title = f"Doctor's record, {camera['name'] or camera['id']}"
    rows = {"Camera": camera["name"], "Serial number": camera["id"], "Board": camera["board"]}
    rows |= {"Program": camera["version"], "Made": made["utc"], "By": made["by"], "Note": made["note"]}
    if not made["clock_synchronised"]:
        rows["Clock"] = "no time server vouched for it"
    body = "".join(
        (
            f"<header><h1>{escape(title)} {_badge(record['verdict'])}</h1></header>",
            _section("The camera", _table("facts", rows.items())),
            _section("From sensor to siren to hub", _table("facts", _parts(record["parts"]))),
            _section("What was found, the first cause first", _findings(record["findings"])),
            f"<footer>SHA-256 of {JSON}: <code>{digest}</code>. A signature lies beside each.</footer>",
        )
    )
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _table(kind: str, rows: Any) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows if value)
    return f'<table class="{kind}">{cells}</table>'


def _parts(parts: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(part, shown(colour)) for part, colour in parts.items()]


def shown(colour: str | None) -> str:
    """A colour's symbol and word."""
    if colour is None:
        return "- not looked at"
    one = Colour[colour.upper()]
    return f"{one.symbol} {one.word}"


def _badge(colour: str) -> str:
    return f'<span class="badge {_BADGES[Colour[colour.upper()]]}">{shown(colour).replace(" ", "&nbsp;")}</span>'


def _findings(findings: Sequence[Mapping[str, str]]) -> str:
    if not findings:
        return "<p>Nothing is wrong.</p>"
    head = "<tr><th>Check</th><th></th><th>Seen</th><th>What to do</th></tr>"
    return f"<table>{head}{''.join(map(_finding, findings))}</table>"


def _finding(one: Mapping[str, str]) -> str:
    todo = f"comes of {one['because']}" if one["because"] else one["todo"]
    cells = "".join(f"<td>{escape(text)}</td>" for text in (one["words"], todo))
    return f"<tr><td>{escape(one['check'])}</td><td>{_badge(one['colour'])}</td>{cells}</tr>"
