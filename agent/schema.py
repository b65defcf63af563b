"""Turns a TOML table into frozen dataclasses and reports every mistake at once, each with its path and a hint.

A setting is a dataclass field made by `setting`, which holds its check, its default and its help text together. A check
takes the raw value and returns the clean one, or raises `Bad`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from agent.domain import Point, Severity
from agent.errors import Problem
from agent.geometry import crosses_itself, signed_area

T = TypeVar("T")
Check = Callable[[object], T]

REQUIRED: Any = dataclasses.MISSING
LEFT_OUT = "(hidden-secret:"
"""Begins what is shown in place of a secret (`agent.config_secrets`)."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class Bad(ValueError):
    """A value that cannot be used; `at` continues the path to it."""

    def __init__(self, message: str, *, hint: str = "", at: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.at = at


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one key: how to check it and what it is for."""

    check: Check[Any]
    help: str


def setting(check: Check[Any], default: Any = REQUIRED, *, help: str) -> Any:
    """A dataclass field that can be read from a file; without a default the key is required."""
    return field(default=default, metadata={"setting": Setting(check, help)})


def settings_of(kind: type) -> dict[str, Setting]:
    """The keys a table of this kind may have, in order."""
    return {f.name: f.metadata["setting"] for f in dataclasses.fields(kind) if "setting" in f.metadata}


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint that names the nearest known word, or all of them when none is near."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)


def read_table(kind: type[T], raw: object, path: str, problems: list[Problem]) -> T | None:
    """Read one table as `kind`; mistakes go to `problems`, and then the answer is None."""
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"expected a table, found {describe(raw)}"))
        return None
    known = settings_of(kind)
    before = len(problems)
    for key in raw:
        if key not in known:
            problems.append(Problem(_join(path, str(key)), "unknown key", nearest(str(key), list(known))))
    values = {}
    for field_ in dataclasses.fields(kind):  # type: ignore[arg-type]  # every table is a dataclass
        name = field_.name
        if name in raw:
            values[name] = _checked(known[name].check, raw[name], _join(path, name), problems)
        elif field_.default is dataclasses.MISSING:
            problems.append(Problem(_join(path, name), "missing", known[name].help))
    return kind(**values) if len(problems) == before else None


def _checked(check: Check[Any], raw: object, path: str, problems: list[Problem]) -> Any:
    try:
        return check(raw)
    except Bad as bad:
        problems.append(Problem(path + bad.at, str(bad), bad.hint))
        return None


def _join(path: str, key: str) -> str:
    return f"{path}.{shown_key(key)}" if path else shown_key(key)


def shown_key(key: str) -> str:
    """A key as it stands in a path: quoted where TOML needs it quoted."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else describe(key)


def describe(raw: object) -> str:
    """A raw value as a person would call it, cut to a bearable length."""
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."


def number(low: float = -math.inf, high: float = math.inf, *, above: bool = False) -> Check[float]:
    """A finite number from `low` (itself excluded when `above`) to `high`."""

    def check(raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise Bad(f"expected a number, found {describe(raw)}")
        if not low <= raw <= high or not abs(raw) <= sys.float_info.max or (above and raw == low):
            raise Bad(f"{describe(raw)} is out of range", hint=_range(low, high, above=above))
        return float(raw)

    return check


def _range(low: float, high: float, *, above: bool) -> str:
    start = f"more than {low:g}" if above else f"at least {low:g}"
    if math.isinf(high):
        return start
    return f"at most {high:g}" if math.isinf(low) else f"{start}, at most {high:g}"


def integer(low: int, high: int) -> Check[int]:
    """A whole number in [low, high]."""

    def check(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Bad(f"expected a whole number, found {describe(raw)}")
        if not low <= raw <= high:
            raise Bad(f"{describe(raw)} is out of range", hint=f"{low} to {high}")
        return raw

    return check


def flag(raw: object) -> bool:
    """A true or false."""
    if not isinstance(raw, bool):
        raise Bad(f"expected true or false, found {describe(raw)}")
    return raw


def text(raw: object) -> str:
    """Any text that is not empty and has no control characters."""
    if not isinstance(raw, str) or not raw.strip():
        raise Bad(f"expected text, found {describe(raw)}")
    if not raw.isprintable():
        raise Bad(f"{describe(raw)} holds control characters")
    return raw


def secret(raw: object) -> str:
    """A word that nobody guesses: 16 to 200 printable characters without blanks. It is never quoted back."""
    if isinstance(raw, str) and raw.startswith(LEFT_OUT):
        raise Bad("stands for a secret that was left out", hint="write the secret itself; only its own camera knows it")
    if (
        not isinstance(raw, str)
        or not 16 <= len(raw) <= 200
        or not raw.isascii()
        or " " in raw
        or not raw.isprintable()
    ):
        raise Bad("is no secret", hint="16 to 200 letters, digits and signs, such as from `openssl rand -hex 16`")
    return raw


def name(raw: object) -> str:
    """A name: letters, digits, dot, dash and underscore, at most 63."""
    word = text(raw)
    if not NAME.fullmatch(word):
        raise Bad(f"{describe(raw)} is not a name", hint="letters, digits, '.', '_' and '-', at most 63")
    return word


def choice(*words: str) -> Check[str]:
    """One of the given words."""

    def check(raw: object) -> str:
        word = text(raw)
        if word not in words:
            raise Bad(f"unknown value {describe(raw)}", hint=nearest(word, words))
        return word

    return check


def severity(raw: object) -> Severity:
    """A severity by its word."""
    return Severity.parse(choice(*(str(level) for level in Severity))(raw))


def many(check: Check[T], *, least: int = 0, most: int = 1000) -> Check[tuple[T, ...]]:
    """A list whose items all pass `check`."""

    def read(raw: object) -> tuple[T, ...]:
        if not isinstance(raw, list):
            raise Bad(f"expected a list, found {describe(raw)}")
        if not least <= len(raw) <= most:
            raise Bad(f"has {len(raw)} items", hint=f"{least} to {most}")
        return tuple(_item(check, value, index) for index, value in enumerate(raw))

    return read


def _item(check: Check[T], raw: object, index: int) -> T:
    try:
        return check(raw)
    except Bad as bad:
        raise Bad(str(bad), hint=bad.hint, at=f"[{index}]{bad.at}") from None


def rising(check: Check[tuple[float, ...]]) -> Check[tuple[float, ...]]:
    """A list of numbers, each larger than the one before."""

    def read(raw: object) -> tuple[float, ...]:
        values = check(raw)
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise Bad(f"{describe(raw)} does not rise", hint="each number larger than the one before")
        return values

    return read


def point(raw: object) -> Point:
    """A place [x, y], both 0..1 of the frame."""
    values = many(number(0, 1), least=2, most=2)(raw)
    return Point(values[0], values[1])


def polyline(raw: object) -> tuple[Point, ...]:
    """At least two different points."""
    points = many(point, least=2, most=64)(raw)
    if any(a == b for a, b in pairwise(points)):
        raise Bad("has the same point twice in a row", hint="remove one of them")
    return points


def polygon(raw: object) -> tuple[Point, ...]:
    """At least three points that enclose an area and do not cross themselves."""
    points = many(point, least=3, most=64)(raw)
    if crosses_itself(points):
        raise Bad("crosses itself", hint="give the corners in order round the zone")
    if abs(signed_area(points)) < 1e-5:
        raise Bad("encloses no area", hint="give the corners in order round the zone")
    return points
