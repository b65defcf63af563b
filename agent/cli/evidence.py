"""The commands about evidence: `clips`, `export` and `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from agent.cli.asking import ask, fetch, tell
from agent.cli.reviewing import who
from agent.durable import write_durably
from agent.errors import OperatorError
from agent.evidence.audit import LOG
from agent.evidence.parcel import verify_report
from agent.evidence.verify import Finding, verify_folder, verify_log
from agent.keys import PublicKey, read_public

EXPORT_S = 120.0


def show_clips(url: str, incident: str | None, *, as_json: bool) -> None:
    """Print what is stored."""
    found = ask(url, "/v1/clips", {"incident": incident} if incident else None)["clips"]
    for clip in found:
        print(msgspec.json.encode({"type": "clip", **clip}).decode() if as_json else clip_line(clip))
    if not found and not as_json:
        print("no clips")


def clip_line(clip: Mapping[str, Any]) -> str:
    """One clip for a person."""
    why = ", ".join(clip["incidents"]) or clip["reason"]
    held = "  HELD" if clip["held"] else ""
    size = f"{clip['duration_s']:6.1f} s  {clip['bytes'] / 1e6:6.1f} MB"
    return f"{clip['id']}  {clip['start_utc']}  {size}  {clip['severity']}  {why}{held}"


def ask_for(url: str, start: str | None, end: str | None, reason: str, by: str | None, *, as_json: bool) -> None:
    """Ask for a stretch of time."""
    wish = {"from": moment(start), "to": moment(end), "reason": reason, "by": who(by)}
    answer = tell(url, "/v1/clips", wish)
    if as_json:
        print(msgspec.json.encode({"type": "clips", **answer}).decode())
    else:
        for clip in answer["clips"]:
            print(clip_line(clip))
        if answer["making"]:
            print(f"{answer['making']}  in the making")
        if answer["said"] != "recorded":
            print(answer["said"])
    if answer["said"] != "recorded":
        raise SystemExit(1)


def hold(url: str, clip: str, reason: str, by: str | None, *, held: bool) -> None:
    """Hold a clip, or let it age again."""
    said = {"held": held, "reason": reason, "by": who(by)}
    print(clip_line(tell(url, f"/v1/clips/{quote(clip, safe='')}/hold", said)))


def erase(
    url: str, start: str | None, end: str | None, reason: str, by: str | None, *, everything: bool, held_too: bool
) -> None:
    """Erase recordings."""
    span = {} if everything else {"from": moment(start), "to": moment(end)}
    said = {**span, "everything": everything, "held_too": held_too, "reason": reason, "by": who(by)}
    answer = tell(url, "/v1/erase", said)
    print(f"erased: {', '.join(answer['erased']) or 'nothing'}")
    if answer["held"]:
        print(f"held, not erased: {', '.join(answer['held'])}")


def moment(text: str | None) -> float:
    """UTC as a person writes it, in seconds since 1970. Raises OperatorError."""
    hint = "such as 2026-11-21T18:30:00, or seconds since 1970"
    if text is None:
        raise OperatorError("--from and --to are needed", hint=hint)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{text!r} is no time", hint=hint) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def export(incident: str, out: Path, url: str, blur: str | None) -> None:
    """Fetch an incident's report from a running camera and write it."""
    wish = f"?blur={quote(blur)}" if blur else ""
    content = fetch(url, f"/v1/incidents/{quote(incident, safe='')}/report.zip{wish}", EXPORT_S)
    try:
        write_durably(out, content)
    except OSError as error:
        raise OperatorError(f"cannot write {out}: {error.strerror}", hint="check the path") from None
    finding = verify_report(out)
    if not finding.sound:
        raise OperatorError(f"{out} arrived damaged: {finding.problems[0]}", hint="try again")
    key = finding.signed_by.fingerprint if finding.signed_by else ""
    print(f"{out}: {len(content)} bytes, {finding.facts['files']} files, signed with the key {key}")


def verify(path: Path, key_file: Path | None, *, as_json: bool) -> None:
    """Check clips, a report or an audit log; exit 1 when anything was changed."""
    trusted = read_public(key_file) if key_file else None
    findings = check(path, trusted)
    for finding in findings:
        print(msgspec.json.encode(finding.fields()).decode() if as_json else "\n".join(_lines(finding)), flush=True)
    if not all(finding.sound for finding in findings):
        raise SystemExit(1)


def check(path: Path, trusted: PublicKey | None) -> list[Finding]:
    """What verifying this path gives. Raises OperatorError for what is no evidence."""
    if path.is_dir():
        return verify_folder(path, trusted)
    if path.name == LOG:
        return [verify_log(path, trusted)]
    if path.suffix == ".zip":
        return [verify_report(path, trusted)]
    if path.exists():
        return verify_folder(path.parent, trusted)
    raise OperatorError(f"there is no {path}", hint="give a clip's folder, a report (.zip) or an audit.log")


def _lines(finding: Finding) -> list[str]:
    verdict = "as it was signed" if finding.sound else "CHANGED"
    key = f", key {finding.signed_by.fingerprint}" if finding.signed_by else ""
    known = "" if finding.known or not finding.sound else " (not compared: pass --key with the camera's public key)"
    return [
        f"{finding.path}: {finding.what} {verdict}{key}{known}",
        *(f"  {problem}" for problem in finding.problems),
    ]
