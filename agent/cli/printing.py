"""What commands print: JSON objects for programs, lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


def say(facts: Mapping[str, Any], lines: str | Iterable[str], *, as_json: bool) -> None:
    """Print the facts as one JSON object, or else what people read."""
    if as_json:
        print(msgspec.json.encode(facts).decode(), flush=True)
        return
    for line in [lines] if isinstance(lines, str) else lines:
        print(line, flush=True)
