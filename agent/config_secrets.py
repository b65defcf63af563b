"""The secrets within a configuration's text: left out for those who may not read them, and put back where they were.

A mark stands for each: it names the table and the entry whose secret it is, and counts at that place alone. So whoever
sends a text back keeps what they have not seen, and cannot have it written where they could see it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from agent import schema
from agent.config import LISTS
from agent.config_text import HEADER, parsed, quoted
from agent.errors import ConfigError, OperatorError, Problem
from hal.sources import without_password

WAYS = ("api", "hub", "mqtt")
"""The tables that say whom the camera talks to: whoever may not read its secrets may not send it elsewhere."""
_MARK = re.compile(rf"{re.escape(schema.LEFT_OUT)}[^)]*\)")
_STARS = re.compile(r"[:=]\*\*\*")
_STAND_IN = "stands-for-a-secret"


class Secret(NamedTuple):
    """One secret: the table's name, which of its tables, the key; what is shown in its place, and what stands there."""

    table: str
    number: int
    key: str
    shown: str
    value: str

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"{self.table}[{self.number}].{self.key}" if self.table in LISTS else f"{self.table}.{self.key}"


def without_secrets(text: str) -> str:
    """The text with a mark in place of every secret.

    Raises ConfigError where the text is no TOML, OperatorError where a secret cannot be taken out of it safely.
    """
    secrets = [one for one in _secrets(parsed(text)) if one.value != one.shown]
    for secret in secrets:
        text = _put(text, secret)
    for secret in sorted(secrets, key=lambda one: -len(one.value)):
        text = text.replace(secret.value, secret.shown)  # in comments
    if any(secret.value in word for _, word in _words(parsed(text)) for secret in secrets):
        hint = "ask for it at the hub, or on the camera itself"
        raise OperatorError("the secrets cannot be left out of this configuration's text", hint=hint)
    return text


def with_secrets(text: str, stored: str) -> str:
    """The text with the secrets that `stored` holds in place of their marks.

    Raises ConfigError with every mark that stands for nothing at its place, or where a text is no TOML.
    """
    kept = {one.shown: one for one in _secrets(parsed(stored)) if one.value != one.shown}
    raw = parsed(text)
    own = {one.path: one.shown for one in _secrets(raw)}
    wrong = [
        path for path, word in _words(raw) if _speaks_of(word, kept) and (word not in kept or own.get(path) != word)
    ]
    if wrong:
        hint = "write the secret itself, or ask the hub to; a mark stands for the one that this entry has had"
        raise ConfigError([Problem(path, "the camera keeps no such secret for this place", hint) for path in wrong])
    for shown, secret in kept.items():
        text = text.replace(shown, quoted(secret.value)[1:-1])
    if any(_MARK.search(word) for _, word in _words(parsed(text))):
        raise OperatorError("a mark of a secret is written in a manner that is not known", hint="write it in one piece")
    return text


def stood_in(text: str) -> str:
    """The text with something that may stand there in place of every mark, to look for its other mistakes."""
    return _MARK.sub(_STAND_IN, text)


def ways_changed(text: str, stored: str) -> list[str]:
    """The tables that say whom the camera talks to, and differ. Raises ConfigError where a text is no TOML."""
    new, old = parsed(text), parsed(stored)
    return [table for table in WAYS if new.get(table, {}) != old.get(table, {})]


def _speaks_of(word: str, kept: Mapping[str, Secret]) -> bool:
    """Whether a mark stands in a word, or what is shown in place of an address with a password."""
    return (
        bool(_MARK.search(word))
        or any(shown in word for shown in kept)
        or ("://" in word and bool(_STARS.search(word)))
    )


def _secrets(raw: Mapping[str, Any]) -> Iterator[Secret]:
    """What stands at the places of secrets; an address only where a password or its stars are in it."""
    for table, (_, kind) in LISTS.items():
        settings = schema.settings_of(kind)
        keys, naming = [key for key, one in settings.items() if one.check is schema.secret], next(iter(settings))
        for index, row in enumerate(_tables(raw.get(table))):
            for key in keys:
                if isinstance(value := row.get(key), str):
                    yield Secret(table, index, key, f"{schema.LEFT_OUT}{table}:{row.get(naming)})", value)
    for row in _tables([raw.get("camera")]):
        source = row.get("source")
        if isinstance(source, str) and _STARS.search(shown := without_password(source)):
            yield Secret("camera", 0, "source", shown, source)


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _words(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its path, the names of keys among them."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            below = f"{path}.{key}" if path else key
            yield f"the name of {below}", key
            yield from _words(inner, below)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _words(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def _put(text: str, secret: Secret) -> str:
    """The text with the mark on the secret's own line."""
    row = re.compile(rf"^\s*{re.escape(secret.key)}\s*=")
    kept, seen, inside = [], -1, False
    for line in text.splitlines(keepends=True):
        if header := HEADER.match(line):
            seen += header[1] == secret.table
            inside = header[1] == secret.table and seen == secret.number
        kept.append(f"{secret.key} = {quoted(secret.shown)}\n" if inside and row.match(line) else line)
    return "".join(kept)
