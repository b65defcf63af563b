"""Finds every change to an audit log: in a line, in the chain of its lines, and at either end of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.evidence.audit import CONTEXT, HEAD, HEAD_TYPE, START, Entry, Head
from agent.evidence.audit_parts import LOG, RETIRED, Begun, all_parts, retirement
from agent.evidence.finding import Finding, judge_key, read
from agent.evidence.manifest import sha256
from agent.evidence.seal import sealed_by
from agent.keys import PublicKey

_LINE = re.compile(rb"(\{[^\n]*\}) ([0-9a-f]{128})")


def verify_log(path: Path, trusted: PublicKey | None = None) -> Finding:
    """Check every line of an audit log, the chain they form through all its files, and that none is missing.

    Raises OperatorError where the log cannot be read.
    """
    finding = Finding(str(path), "audit log")
    parts, head_path = all_parts(path.parent) if path.name == LOG else [path], path.with_name(HEAD)
    content = b"".join(map(read, parts or [path]))
    head = _head(head_path, finding) if head_path.exists() else None
    if not head_path.exists():
        finding.problems.append(f"{HEAD} is missing: lines cut off the end would not be missed")
    judge_key(finding, trusted)
    key = trusted or finding.signed_by
    chain = _Chain(key, finding) if key else None
    if chain:
        chain.follow(content)
        finding.facts = {"lines": chain.count, "first": chain.begun.n}
    if chain and head is not None and finding.sound:
        chain.judge_end(head)
    return finding


def _head(path: Path, finding: Finding) -> Head | None:
    content, _, line = read(path).partition(b"\n")
    finding.signed_by = sealed_by(content + b"\n", line)
    if finding.signed_by is None:
        finding.problems.append(f"the signature does not fit {HEAD}")
        return None
    try:
        head = msgspec.json.decode(content, type=Head)
    except msgspec.DecodeError as error:
        finding.problems.append(f"{HEAD}: {error}")
        return None
    if head.type != HEAD_TYPE:
        finding.problems.append(f"{HEAD} is of type {head.type!r}")
        return None
    return head


class _Chain:
    """The lines of a log, each checked by itself and against the one before."""

    def __init__(self, key: PublicKey, finding: Finding) -> None:
        self._key = key
        self._finding = finding
        self._hashes = deque[str](maxlen=2)
        self._retired: list[Mapping[str, Any]] = []
        self.begun = Begun(1, START)
        self.count = 0

    def follow(self, content: bytes) -> None:
        """Go through all lines, until one does not follow from those before it."""
        if content and not content.endswith(b"\n"):
            self._finding.problems.append("the last line is cut off")
            return
        for line in content.split(b"\n")[:-1]:
            if problem := self._problem(line):
                self._finding.problems.append(f"line {self.begun.n + self.count} {problem}")
                return
        if self.begun != Begun(1, START) and retirement(self.begun) not in self._retired:
            self._finding.problems.append(f"lines before {self.begun.n} are missing, and no line says that they went")

    def _problem(self, line: bytes) -> str:
        match = _LINE.fullmatch(line)
        if match is None or not self._key.verifies(bytes.fromhex(match[2].decode()), CONTEXT + match[1]):
            return "is not as it was signed"
        try:
            entry = msgspec.json.decode(match[1], type=Entry)
        except msgspec.DecodeError as error:
            return f"is no entry: {error}"
        return self._take(entry, sha256(match[1]))

    def _take(self, entry: Entry, digest: str) -> str:
        if not self.count:
            self.begun = Begun(entry.n, entry.prev)
        if entry.n != self.begun.n + self.count:
            return f"has the number {entry.n}: lines were removed, added or moved"
        if entry.prev != (self._hashes[-1] if self.count else self.begun.prev):
            return "does not follow from the line before it"
        if entry.kind == RETIRED:
            self._retired.append(entry.data)
        self._hashes.append(digest)
        self.count += 1
        return ""

    def judge_end(self, head: Head) -> None:
        """The head names the last line; one line more may be there, if a crash came between the two."""
        last = self.begun.n + self.count - 1
        problems = self._finding.problems
        if head.n > last:
            problems.append(f"{head.n - last} lines are missing at the end")
        elif last > head.n + 1:
            problems.append(f"{last - head.n} lines more than {HEAD} knows")
        elif self.count and head.n and self._hashes[head.n - last - 1] != head.sha256:
            problems.append(f"line {head.n} is not the one that {HEAD} names")
