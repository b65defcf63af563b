"""Zones templates: what is drawn into the picture of a camera in a usual place, until somebody draws it anew.

A template is a part of a configuration: `[[zone]]`, `[[line]]`, masks, and the rules that go by them; corners are
shares of the picture, so that one fits any resolution. Those that come with the software are known by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.config_text import DRAWN, Tables, parsed, tables_in
from agent.errors import OperatorError
from agent.schema import NAME, nearest

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The templates that come with the software."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def text_of(template: str) -> str:
    """The text of a template: its own, or that of the one it names. Raises OperatorError for an unknown name."""
    if not NAME.fullmatch(template):
        return template
    if template not in names():
        raise OperatorError(f"no zones template is called {template!r}", hint=nearest(template, names()))
    return (_FOLDER / f"{template}.toml").read_text(encoding="utf-8")


def tables_of(template: str) -> Mapping[str, Tables | None]:
    """The tables of a template, by key. Raises OperatorError, and ConfigError where it is no TOML."""
    text = text_of(template)
    if strange := parsed(text).keys() - set(DRAWN):
        told = ", ".join(f"[[{key}]]" for key in DRAWN)
        raise OperatorError(f"a zones template has no {', '.join(sorted(strange))}", hint=f"it holds {told}")
    return {key: rows or None for key, rows in tables_in(text, DRAWN).items()}
