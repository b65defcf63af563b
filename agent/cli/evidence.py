"""The commands about evidence: `clips`, `export` and `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.cli.asking import ask, fetch, tell, who
from agent.cli.files import writing
from agent.cli.printing import say
from agent.durable import write_durably
from agent.errors import OperatorError
from agent.evidence.audit_parts import LOG
from agent.evidence.finding import Finding
from agent.evidence.parcel import verify_report
from agent.evidence.verify import verify_folder, verify_signed
from agent.evidence.verify_log import verify_log
from agent.fitting.record import JSON, PAGE
from agent.keys import PublicKey, read_public

EXPORT_S = 120.0
RECORDS = (JSON, PAGE)
"""The files of a commissioning record."""


def show_clips(url: str, incident: str | None, *, as_json: bool) -> None:
    """Print what is stored."""
    found = ask(url, "/v1/clips", {"incident": incident} if incident else None)["clips"]
    for clip in found:
        say({"type": "clip", **clip}, clip_line(clip), as_json=as_json)
    if not found and not as_json:
        print("no clips")


def clip_line(clip: Mapping[str, Any]) -> str:
    """One clip for a person."""
    why = ", ".join(clip["incidents"]) or clip["reason"]
    held = "  HELD" if clip["held"] else ""
    size = f"{clip['duration_s']:6.1f} s  {clip['bytes'] / 1e6:6.1f} MB"
    return f"{clip['id']}  {clip['start_utc']}  {size}  {clip['severity']}  {why}{held}"


def ask_for(url: str, start: str | None, end: str | None, reason: str, by: str | None, *, as_json: bool) -> None:
    """Ask for a stretch of time; exit code 1 when there is no recording of it."""
    wish = {"from": moment(start), "to": moment(end), "reason": reason, "by": who(by)}
    answer = tell(url, "/v1/clips", wish)
    lines = [clip_line(clip) for clip in answer["clips"]]
    lines += [f"{answer['making']}  in the making"] if answer["making"] else []
    lines += [answer["said"]] if answer["said"] != "recorded" else []
    say({"type": "clips", **answer}, lines, as_json=as_json)
    if answer["said"] != "recorded":
        raise SystemExit(1)


def hold(url: str, clip: str, reason: str, by: str | None, *, held: bool, as_json: bool) -> None:
    """Hold a clip, or let it age again."""
    told = tell(url, f"/v1/clips/{quote(clip, safe='')}/hold", {"held": held, "reason": reason, "by": who(by)})
    say({"type": "clip", **told}, clip_line(told), as_json=as_json)


def erase(
    url: str, span: Mapping[str, float] | None, reason: str, by: str | None, *, held_too: bool, as_json: bool
) -> None:
    """Erase the recordings of a stretch of time; all where it is None."""
    wish = {"everything": span is None, "held_too": held_too, "reason": reason, "by": who(by)}
    told = tell(url, "/v1/erase", {**(span or {}), **wish})
    lines = [f"erased: {', '.join(told['erased']) or 'nothing'}"]
    lines += [f"held, not erased: {', '.join(told['held'])}"] if told["held"] else []
    say({"type": "erasure", **told}, lines, as_json=as_json)


def span(start: str | None, end: str | None, *, everything: bool = False) -> dict[str, float] | None:
    """A stretch of time as the API takes it; None for everything. Raises OperatorError."""
    if not everything:
        return {"from": moment(start), "to": moment(end)}
    if start or end:
        raise OperatorError("--everything is more than from --from to --to", hint="say one or the other")
    return None


def moment(text: str | None) -> float:
    """UTC as a person writes it, in seconds since 1970. Raises OperatorError."""
    hint = "such as 2026-11-21T18:30:00, or seconds since 1970"
    if text is None:
        raise OperatorError("--from and --to are needed", hint=hint)
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{text!r} is no time", hint=hint) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def export(incident: str, out: Path, url: str, blur: str | None, *, as_json: bool) -> None:
    """Fetch an incident's report from a running camera and write it."""
    wish = f"?blur={quote(blur)}" if blur else ""
    content = fetch(url, f"/v1/incidents/{quote(incident, safe='')}/report.zip{wish}", EXPORT_S)
    with writing(out):
        write_durably(out, content)
    finding = verify_report(out)
    if not finding.sound:
        raise OperatorError(f"{out} arrived damaged: {finding.problems[0]}", hint="try again")
    key = finding.signed_by.fingerprint if finding.signed_by else ""
    files = finding.facts["files"]
    facts = {"type": "report", "file": str(out), "bytes": len(content), "files": files, "key": key}
    say(facts, f"{out}: {len(content)} bytes, {files} files, signed with the key {key}", as_json=as_json)


def verify(path: Path, key_file: Path | None, *, as_json: bool) -> None:
    """Check clips, a report or an audit log; exit 1 when anything was changed."""
    trusted = read_public(key_file) if key_file else None
    findings = check(path, trusted)
    for finding in findings:
        say(finding.fields(), _lines(finding), as_json=as_json)
    if not all(finding.sound for finding in findings):
        raise SystemExit(1)


def check(path: Path, trusted: PublicKey | None) -> list[Finding]:
    """What verifying this path gives. Raises OperatorError for what is no evidence."""
    if path.is_dir():
        records = sorted(path / name for name in RECORDS if (path / name).exists())
        return [verify_signed(record, trusted) for record in records] or verify_folder(path, trusted)
    if path.name in RECORDS and path.exists():
        return [verify_signed(path, trusted)]
    if path.name == LOG:
        return [verify_log(path, trusted)]
    if path.suffix == ".zip":
        return [verify_report(path, trusted)]
    if path.exists():
        return verify_folder(path.parent, trusted)
    raise OperatorError(f"there is no {path}", hint="give a clip's folder, a report (.zip), a record or an audit.log")


def _lines(finding: Finding) -> list[str]:
    verdict = "as it was signed" if finding.sound else "CHANGED"
    key = f", key {finding.signed_by.fingerprint}" if finding.signed_by else ""
    known = "" if finding.known or not finding.sound else " (not compared: pass --key with the camera's public key)"
    return [
        f"{finding.path}: {finding.what} {verdict}{key}{known}",
        *(f"  {problem}" for problem in finding.problems),
    ]
