"""The record of a commissioning: what was found when a camera was fitted, as JSON and as a page, each with a signature.

It shows no picture of anybody: places are drawn as outlines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from agent.evidence.page import STYLE
from agent.evidence.seal import SUFFIX, seal
from agent.fitting.measuring import mount_words
from agent.keys import DeviceKey

JSON, PAGE = "record.json", "record.html"
FILES = (JSON, JSON + SUFFIX, PAGE, PAGE + SUFFIX)
FACTS = (
    ("Camera", ("camera", "name")),
    ("Serial number", ("camera", "id")),
    ("Board", ("camera", "model")),
    ("Program", ("camera", "fw")),
    ("Made", ("made", "utc")),
    ("By", ("made", "by")),
    ("Note", ("made", "note")),
    ("Model", ("model",)),
    ("Configuration (SHA-256)", ("config_sha256",)),
)


def files_of(facts: Mapping[str, Any], key: DeviceKey | None) -> dict[str, bytes]:
    """The record's files by name; without a key there are no signatures."""
    content = msgspec.json.format(msgspec.json.encode(facts)) + b"\n"
    page = record_page(facts, hashlib.sha256(content).hexdigest()).encode()
    files = {JSON: content, PAGE: page}
    signatures = {name + SUFFIX: seal(key, body) for name, body in files.items()} if key else {}
    return files | signatures


def record_page(facts: Mapping[str, Any], digest: str) -> str:
    """The page; `digest` is the hash of the JSON beside it."""
    walk, title = facts["walk_test"], f"Commissioning record, {facts['camera']['name']}"
    body = "".join(
        (
            f"<header><h1>{escape(title)}</h1>{_verdict(walk)}</header>",
            _section("The camera", _facts(facts)),
            _section("Walk test", _drawing(facts) + _places(walk["places"])),
            _section("Mount", _mount(facts["mount"])),
            _section("Picture", _picture(facts["picture"])),
            _section("Outputs that were tested", _list(facts["outputs_tested"]) or "<p>None.</p>"),
            _section("Health", _health(facts["health"])),
            f"<footer>SHA-256 of {JSON}: <code>{digest}</code>. <code>aislewatch verify</code> checks both.</footer>",
        )
    )
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n'


def _verdict(walk: Mapping[str, Any]) -> str:
    if walk["passed"]:
        return '<p><span class="badge good">✔ passed</span> every zone and line was triggered</p>'
    missing = escape(", ".join(walk["missing"])) or "there is no zone and no line"
    return f'<p><span class="badge critical">✘ not passed</span> not triggered: {missing}</p>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _facts(facts: Mapping[str, Any]) -> str:
    def rows() -> Iterator[str]:
        for label, path in FACTS:
            value: Any = facts
            for key in path:
                value = value.get(key, "")
            if value:
                yield f"<tr><th>{escape(label)}</th><td>{escape(str(value))}</td></tr>"

    return f'<table class="facts">{"".join(rows())}</table>'


def _places(places: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(_place(place) for place in places)
    head = "<tr><th>Place</th><th>Triggered</th><th>How often</th><th>First after</th><th>Rules</th></tr>"
    return f"<table>{head}{rows}</table>"


def _place(place: Mapping[str, Any]) -> str:
    mark = "✔ yes" if place["triggered"] else "✘ NO"
    ways = f" ({', '.join(place['ways'])})" if place["ways"] else ""
    first = "" if place["after_s"] is None else f"{place['after_s']:g} s"
    rules = ", ".join(f"{name}: {count} incidents" for name, count in place["rules"].items())
    cells = (f"{place['what']} {place['name']}", mark, f"{place['times']}{ways}", first, rules)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _drawing(facts: Mapping[str, Any]) -> str:
    """The places as outlines in a frame of the picture's shape: solid where they were triggered, dashed where not."""
    width, height = facts["size"]
    hit = {place["name"]: place["triggered"] for place in facts["walk_test"]["places"]}
    shapes = [*(("polygon", one["name"], one["polygon"]) for one in facts["zones"])]
    shapes += [("polyline", one["name"], one["points"]) for one in facts["lines"]]
    drawn = "".join(_shape(tag, name, points, width, height, hit.get(name, False)) for tag, name, points in shapes)
    frame = f'<rect width="{width}" height="{height}" fill="none" stroke="#5a6472" stroke-width="2"/>'
    label = 'role="img" aria-label="The zones and lines of the camera"'
    return f'<svg viewBox="0 0 {width} {height}" {label}>{frame}{drawn}</svg>'


def _shape(tag: str, name: str, points: Sequence[Sequence[float]], width: int, height: int, triggered: bool) -> str:
    path = " ".join(f"{x * width:.0f},{y * height:.0f}" for x, y in points)
    colour, dash = ("#2f855a", "") if triggered else ("#c53030", ' stroke-dasharray="12 8"')
    x, y = points[0][0] * width + 6, max(points[0][1] * height, 24) + 20
    mark = "✔" if triggered else "✘"
    text = f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" font-size="22">{mark} {escape(name)}</text>'
    return f'<{tag} points="{path}" fill="none" stroke="{colour}" stroke-width="4"{dash}/>{text}'


def _picture(aim: Mapping[str, Any] | None) -> str:
    if aim is None:
        return "<p>There was no picture.</p>"
    sharp = "nothing to focus on" if aim["sharpness"] is None else f"{aim['sharpness']:g} of 100"
    tilt = "unknown" if aim["tilt_deg"] is None else f"{aim['tilt_deg']:+g}° to the right"
    rows = (("Sharpness", sharp), ("Exposure", f"{aim['exposure']} (mean {aim['mean']:.0f} of 255)"), ("Lean", tilt))
    return f'<table class="facts">{"".join(f"<tr><th>{k}</th><td>{escape(v)}</td></tr>" for k, v in rows)}</table>'


def _mount(mount: Mapping[str, Any] | None) -> str:
    if mount is None:
        return "<p>It was not measured: nobody said how tall they are.</p>"
    tape = f", by tape the lens hangs {mount['tape_m']:g} m high" if mount["tape_m"] else ""
    said = f"By the walk of somebody {mount['stature_m']:g} m tall{tape}; ± is one standard error."
    words = mount_words(mount)
    return f"<p>{escape(words[0].upper() + words[1:])}.</p><p>{escape(said)}</p>"


def _health(health: Mapping[str, Any]) -> str:
    findings = [f"{one['what']}: {one['state']} {one['detail']}".strip() for one in health["findings"]]
    return f"<p>As a whole: {escape(health['state'])}.</p>{_list(findings)}"


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>" if items else ""
