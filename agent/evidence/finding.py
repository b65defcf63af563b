"""What verifying gave: the problems found in one thing, and who signed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.domain import Json
from agent.errors import OperatorError
from agent.keys import PublicKey


@dataclass(slots=True)
class Finding:
    """What verifying one thing gave. It is as it was made when there are no `problems`."""

    path: str
    what: str
    problems: list[str] = field(default_factory=list)
    signed_by: PublicKey | None = None
    known: bool = False
    facts: dict[str, Json] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not self.problems

    def fields(self) -> dict[str, Json]:
        """The finding as JSON."""
        return {
            "type": "verification",
            "what": self.what,
            "path": self.path,
            "sound": self.sound,
            "key": self.signed_by.fingerprint if self.signed_by else None,
            "key_known": self.known,
            "problems": [*self.problems],
            **self.facts,
        }


def judge_key(finding: Finding, trusted: PublicKey | None) -> None:
    """Note whether what is signed was signed by the key that is trusted."""
    finding.known = trusted is not None and finding.signed_by == trusted
    if trusted is not None and finding.signed_by is not None and not finding.known:
        finding.problems.append(
            f"signed by the key {finding.signed_by.fingerprint}, not by the one given ({trusted.fingerprint})"
        )


def read(path: Path) -> bytes:
    """The content of a file. Raises OperatorError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
