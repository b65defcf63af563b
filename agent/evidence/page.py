"""The report as one page: no script, nothing fetched, readable on a screen and on paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from agent.evidence.strip import strip

STYLE = """
:root { --ink: #1b1f24; --soft: #5a6472; --line: #d9dee5; --paper: #fff; --info: #2b6cb0; --warning: #b7791f;
  --critical: #c53030; --good: #2f855a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem 4rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { border-bottom: 3px solid var(--ink); padding-bottom: 1rem; margin-bottom: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
.soft { color: var(--soft); }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; color: #fff; font-size: .85rem;
  font-weight: 600; vertical-align: middle; background: var(--soft); }
.badge.info { background: var(--info); } .badge.warning { background: var(--warning); }
.badge.critical { background: var(--critical); } .badge.good { background: var(--good); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
td.number { font-variant-numeric: tabular-nums; }
.facts th { width: 11rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .9rem; padding-top: .25rem; }
.stills { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
.stills img { width: 100%; border: 1px solid var(--line); display: block; }
.own td { font-weight: 600; }
.timeline td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--soft); }
.timeline td:last-child { overflow-wrap: anywhere; }
svg { width: 100%; height: auto; display: block; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem; font-size: .9rem; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2 { break-after: avoid; }
  tr, figure { break-inside: avoid; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""
CAPTIONS = {"onset": "When it began", "peak": "At its peak", "end": "When it ended"}
UNITS = {"_h_s": "body heights a second", "_deg": "degrees", "_s": "s", "_h": "body heights", "_m": "m"}
CALM = "Nothing here says that anybody did wrong: it is what a camera measured, for a person to judge."


def report_page(facts: Mapping[str, Any], stills: Mapping[str, bytes]) -> str:
    """The page of a report (`agent.evidence.report.report_facts`); `stills` are JPEGs by `onset`, `peak`, `end`."""
    incident = facts["incident"]
    title = f"{_words(incident['kind'])}, {facts['camera'].get('name', '')}"
    body = "".join(
        (
            _header(facts),
            _section("Pictures", _stills(stills)),
            _section("Why it was reported", _reasons(facts["explanation"])),
            _section("What happened", strip(facts) + _timeline(facts["timeline"])),
            _section("Decision", _decision(incident)),
            _section("Till", _rows("", [{"text": _flat(till)} for till in facts["tills"]]) if facts["tills"] else ""),
            _section("The camera at the time", _health(facts)),
            _section("Evidence", _clips(facts["clips"])),
            _footer(facts),
        )
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; media-src 'self'\">"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body>{body}</body></html>\n"
    )


def _header(facts: Mapping[str, Any]) -> str:
    incident, camera = facts["incident"], facts["camera"]
    severity = str(incident["severity"])
    place = incident.get("zone") or incident.get("line") or "the whole picture"
    rows = {
        "Where": f"{camera.get('name', '')}, {place}",
        "From": _time(incident["opened"]),
        "Until": _time(incident["changed"]) if incident["over"] else "still going on",
        "Lasted": f"{incident['lasted_s']:g} s",
        "Rule": f"{incident['rule']} ({incident['kind']})",
        "Incident": incident["id"],
    }
    return (
        f"<header><h1>{escape(_words(incident['kind']))} {_badge(severity, severity)} "
        f'{_badge(incident["state"], "")}</h1><p class="soft">{escape(CALM)}</p></header>'
        f'<table class="facts">{_facts(rows)}</table>'
    )


def _stills(stills: Mapping[str, bytes]) -> str:
    if not stills:
        return '<p class="soft">No picture was kept.</p>'
    return (
        f'<div class="stills">{"".join(_figure(which, stills[which]) for which in CAPTIONS if which in stills)}</div>'
    )


def _figure(which: str, jpeg: bytes) -> str:
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return f'<figure><img src="{source}" alt="{CAPTIONS[which]}"><figcaption>{CAPTIONS[which]}</figcaption></figure>'


def _reasons(explanation: Mapping[str, Any]) -> str:
    measures = [
        (_measure(m["factor"]), f"{m['value']:g}", f"{m['op']} {m['limit']:g}", str(m["setting"]))
        for m in explanation.get("measures", ())
    ]
    weights = [
        (_words(w["factor"]), f"{w['log_odds']:+.2f}", "for" if w["log_odds"] > 0 else "against", "")
        for w in explanation.get("weights", ())
    ]
    table = ""
    if measures or weights:
        head = "<tr><th>measured</th><th>value</th><th>asked for</th><th>setting</th></tr>"
        table = f"<table>{head}{''.join(_cells(row) for row in (*measures, *weights))}</table>"
    said = explanation.get("sentences", {})
    otherwise = "; or ".join(map(str, said.get("would_not_have_opened", ())))
    lines = [f"It would not have been reported with {otherwise}"] if otherwise else []
    lines += [str(line) for key in ("severity", "budget") for line in said.get(key, ())]
    items = "".join(f"<li>{escape(line[:1].upper() + line[1:])}.</li>" for line in lines)
    return table + (f"<ul>{items}</ul>" if items else "")


def _timeline(moments: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr{' class=own' if moment['own'] else ''}><td>{escape(str(moment['utc'])[11:23])}</td>"
        f"<td>{escape(str(moment['text']))}</td></tr>"
        for moment in moments
    )
    return f'<table class="timeline"><tr><th>UTC</th><th>event (bold: this incident)</th></tr>{rows}</table>'


def _decision(incident: Mapping[str, Any]) -> str:
    said = [
        {"text": f"{d['decision']}ed by {d['by'] or 'somebody'} at {_time(d)}: {d['reason'] or 'no reason given'}"}
        for d in incident["decisions"]
    ]
    notes = [{"text": f"Note by {n['by'] or 'somebody'} at {_time(n)}: {n['text']}"} for n in incident["notes"]]
    return _rows("Nobody has decided yet.", [*said, *notes])


def _health(facts: Mapping[str, Any]) -> str:
    known = [{"text": f"{what}: {state}"} for what, state in facts["explanation"].get("health", {}).items()]
    changed = [{"text": _flat(sample)} for sample in facts["health"]]
    camera = facts["camera"]
    rows = {"Camera": f"{camera.get('name', '')} ({camera.get('id', '')})", "Program": camera.get("fw", "")}
    rows |= {"Model": camera.get("model_name", ""), "Key": camera.get("key", "")}
    masks = {clip["privacy_masks"] for clip in facts["clips"]}
    if masks:
        rows["Privacy masks"] = f"{max(masks)}, burnt into every picture" if max(masks) else "none"
    table = f'<table class="facts">{_facts(rows)}</table>'
    return _rows("No fault of the camera was known.", [*known, *changed]) + table


def _clips(clips: Sequence[Mapping[str, Any]]) -> str:
    if not clips:
        return '<p class="soft">No video was recorded.</p>'
    return "".join(_clip(clip) for clip in clips)


def _clip(clip: Mapping[str, Any]) -> str:
    video, folder = clip["video"], f"clips/{clip['id']}"
    rows = {
        "From": f"{clip['start_utc']}{'' if video['clock_synchronised'] else ' (clock not synchronised)'}",
        "Length": f"{video['duration_s']:.1f} s, {video['pictures']} pictures, {video['width']} x {video['height']}",
        "Made": "the source's own video, not encoded again" if video["method"] == "camera" else "encoded on the camera",
        "Blurred": f"{clip['blurred']} (a copy made for this report)" if clip["blurred"] else "nobody",
        "Ends because": _words(video["ended"]),
        "Lost packets": str(video["lost_packets"]),
    }
    verdict = _badge("as it was signed", "good") if clip["sound"] else _badge("CHANGED", "critical")
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in clip["problems"])
    return (
        f'<p><a href="{escape(folder)}/clip.mp4">{escape(clip["id"])}/clip.mp4</a> {verdict}</p>'
        f'<table class="facts">{_facts(rows)}</table><ul>{problems}</ul>'
    )


def _footer(facts: Mapping[str, Any]) -> str:
    key = escape(str(facts["camera"].get("key", "")))
    made = facts["made"]
    clock = "" if made["clock_synchronised"] else " (clock not synchronised)"
    return (
        f"<footer><p>Made {escape(made['utc'])}{clock}, signed with the camera's key <code>{key}</code>. "
        "<code>aislewatch verify REPORT.zip --key device.pub.pem</code> finds any change to it; take the public key "
        "from the camera or its hub, not from this file.</p></footer>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _rows(nothing: str, rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return f'<p class="soft">{escape(nothing)}</p>' if nothing else ""
    return "<ul>" + "".join(f"<li>{escape(row['text'])}</li>" for row in rows) + "</ul>"


def _facts(rows: Mapping[str, object]) -> str:
    return "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())


def _cells(row: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<td class="number">{escape(cell)}</td>' for cell in row) + "</tr>"


def _badge(text: str, kind: str) -> str:
    return f'<span class="badge {escape(kind)}">{escape(_words(text))}</span>'


def _time(stamp: Mapping[str, Any]) -> str:
    return f"{stamp['utc']}{'' if stamp['clock_synchronised'] else ' (clock not synchronised)'}"


def _words(name: str) -> str:
    """A name of the program as people write it."""
    words = str(name).replace("_", " ")
    return words[:1].upper() + words[1:]


def _measure(factor: str) -> str:
    """A measured factor with its unit, which ends its name."""
    for ending, unit in UNITS.items():
        if factor.endswith(ending):
            return f"{_words(factor.removesuffix(ending))} ({unit})"
    return _words(factor)


def _flat(fields: Mapping[str, Any]) -> str:
    return ", ".join(_pairs(fields))


def _pairs(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name not in ("type", "t_s", "since_s") and value not in (None, "", [], {}):
            yield f"{_words(name).lower()} {value}"
