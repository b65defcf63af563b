"""Takes secrets out of what is handed to others: by the names of keys, and by value wherever else they stand; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "(left out)"
_GONE = "\ue000"
"""Stands for it meanwhile: no blank, so that a secret which begins with another is still seen as a whole."""
SECRET_KEY = re.compile(r"token|passw|secret|psk|credential|authoriz|private|api_?key|^key$|cookie", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@\"']+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}")
_CLAIM = re.compile(r"AISLEWATCH:1:[^\s\"']+")
_ASSIGNED = re.compile(
    r"(?im)(?P<key>[\w.-]*(?:token|passw|secret|psk|credential|private|api_?key)[\w.-]*[\"']?\s*[=:]\s*)"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;}\]]+)"
)
LEAST = 4
"""Shorter values are no secrets that could be told from ordinary words."""


def secrets_in(value: Any, key: str = "") -> Iterator[str]:
    """The values that stand under secret names, and credentials within addresses."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from secrets_in(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secrets_in(inner, key)
    elif isinstance(value, str):
        if SECRET_KEY.search(key) and len(value) >= LEAST:
            yield value
        for found in _CREDENTIALS.findall(value):
            yield from (part for part in found.rstrip("@").split(":", 1)[1:] if len(part) >= LEAST)


def scrubbed(value: Any, secrets: Iterable[str] = ()) -> Any:
    """A copy of JSON without what stands under secret names, and with every text scrubbed."""
    known = tuple(sorted(secrets, key=len, reverse=True))
    if isinstance(value, Mapping):
        return {
            scrubbed_text(str(key), known): HIDDEN
            if SECRET_KEY.search(str(key)) and isinstance(inner, str) and inner
            else scrubbed(inner, known)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrubbed(inner, known) for inner in value]
    return scrubbed_text(value, known) if isinstance(value, str) else value


def scrubbed_text(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without known secrets, PEM blocks, credentials in addresses, bearers, claim codes and assignments."""
    for secret in secrets:
        text = text.replace(secret, _GONE)
    text = _PEM.sub(_GONE, text)
    text = _CREDENTIALS.sub(f"{_GONE}@", text)
    text = _BEARER.sub(rf"\1 {_GONE}", text)
    text = _CLAIM.sub(_GONE, text)
    return _ASSIGNED.sub(lambda found: f'{found["key"]}"{_GONE}"', text).replace(_GONE, HIDDEN)
