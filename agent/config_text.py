"""Changes tables and settings within a configuration's text and leaves all else as a person wrote it. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.errors import ConfigError, OperatorError, Problem

ZONE, LINE = "zone", "line"
HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_-]+)\s*(?:\.[^\]]*)?\]\]?\s*(?:#.*)?$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
DRAWN = ("zone", "line", "privacy_mask", "motion_mask", "object_mask", "rule")
"""The tables that are drawn into the picture, and the rules that go by them."""
MOUNT = "mount"
Tables = Sequence[Mapping[str, Any]]


def places_in(text: str) -> dict[str, list[dict[str, Any]]]:
    """The zones and lines of a configuration, as they stand there. Raises ConfigError where it is no TOML."""
    found = tables_in(text, (ZONE, LINE))
    return {"zones": found[ZONE], "lines": found[LINE]}


def tables_in(text: str, keys: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The `[[key]]` tables of a configuration, by key. Raises ConfigError where it is no TOML."""
    raw = parsed(text)
    return {key: raw.get(key, []) for key in keys}


def with_places(text: str, zones: Tables | None, lines: Tables | None) -> str:
    """The configuration with other zones, other lines, or both; None leaves them as they are.

    Raises as `with_tables`.
    """
    return with_tables(text, {ZONE: zones, LINE: lines})


def with_tables(text: str, tables: Mapping[str, Tables | None]) -> str:
    """The configuration with other `[[key]]` tables for each key; None leaves them as they are.

    The result is read again and compared. Raises ConfigError where the text is no TOML, OperatorError where what
    is given cannot be written, or the text is written in a manner that cannot be changed safely.
    """
    wanted = parsed(text)
    for key, rows in tables.items():
        if rows is None:
            continue
        wanted[key] = [dict(row) for row in rows]
        text = _without(text, key).rstrip("\n") + "\n" + "".join(_table(key, row) for row in rows)
        if not rows:
            del wanted[key]
    if _same(text, wanted):
        return text
    raise OperatorError(
        "the tables cannot be changed within this configuration's text", hint="send the whole configuration instead"
    )


def with_settings(text: str, table: str, settings: Mapping[str, object]) -> str:
    """The configuration with these settings in `[table]`, in this order where they are new. Raises as `with_tables`."""
    for key in reversed([*settings]):  # a new one goes right behind the header
        text = with_setting(text, table, key, settings[key])
    return text


def with_setting(text: str, table: str, key: str, value: object) -> str:
    """The configuration with `key = value` in `[table]`. Raises as `with_tables`."""
    wanted = parsed(text)
    wanted.setdefault(table, {})[key] = value
    for changed in (_put(text, table, key, value), f"{text.rstrip()}\n\n[{table}]\n{_key(key)} = {_value(value)}\n"):
        if _same(changed, wanted):
            return changed
    raise OperatorError(
        f"{table}.{key} cannot be changed within this configuration's text", hint="change it in the file itself"
    )


def _put(text: str, table: str, key: str, value: object) -> str:
    """The text with the setting in place of the one that stands in the table, else right behind its header."""
    row = re.compile(rf"^\s*{re.escape(key)}\s*=")
    line = f"{_key(key)} = {_value(value)}\n"
    kept, inside, done, behind = [], False, False, -1
    for old in text.splitlines(keepends=True):
        if header := HEADER.match(old):
            inside = header[1] == table
        elif inside and row.match(old):
            old, done = line, True
        kept.append(old)
        if header and inside and behind < 0:
            behind = len(kept)
    if not done and behind >= 0:
        kept.insert(behind, line)
    return "".join(kept)


def parsed(text: str) -> dict[str, Any]:
    """A configuration as TOML has it. Raises ConfigError where it is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([Problem("(text)", f"not TOML: {error}")]) from None


def _same(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except (tomllib.TOMLDecodeError, RecursionError):
        return False


def _without(text: str, key: str) -> str:
    """The text without the tables of this name: from each one's header to the next header."""
    kept, skipping = [], False
    for line in text.splitlines(keepends=True):
        if header := HEADER.match(line):
            skipping = header[1] == key
        if not skipping:
            kept.append(line)
    return "".join(kept)


def _table(key: str, table: Mapping[str, Any]) -> str:
    lines = [f"{_key(name)} = {_value(value)}\n" for name, value in table.items() if value is not None]
    return f"\n[[{key}]]\n{''.join(lines)}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def _value(value: object) -> str:
    """A value as TOML. Raises OperatorError for what TOML, or a zone, does not have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    raise OperatorError(f"{type(value).__name__} cannot stand in a zone or line")


def quoted(text: str) -> str:
    """A basic string of TOML: quotes, backslashes and control characters are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in escaped) + '"'
