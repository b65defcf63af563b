"""Does something to every output line, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hal.errors import OutputUnavailable


def each_line(names: Iterable[str], act: Callable[[str], None]) -> None:
    """Call `act` for every name, past a failing one; then raise the first OutputUnavailable met."""
    failures = [failure for name in names if (failure := _attempt(act, name))]
    if failures:
        raise failures[0]


def _attempt(act: Callable[[str], None], name: str) -> OutputUnavailable | None:
    try:
        act(name)
    except OutputUnavailable as failure:
        return failure
    return None
