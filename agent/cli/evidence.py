"""`aislewatch export` and `aislewatch verify`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import msgspec

from agent.cli.asking import fetch
from agent.durable import write_durably
from agent.errors import OperatorError
from agent.evidence.audit import LOG
from agent.evidence.parcel import verify_report
from agent.evidence.verify import Finding, verify_folder, verify_log
from agent.keys import PublicKey, read_public

EXPORT_S = 120.0


def export(incident: str, out: Path, url: str) -> None:
    """Fetch an incident's report from a running camera and write it."""
    content = fetch(url, f"/v1/incidents/{quote(incident, safe='')}/report.zip", EXPORT_S)
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
