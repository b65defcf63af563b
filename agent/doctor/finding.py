"""What a check finds, and the colours of it; pure."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Colour(IntEnum):
    """How bad something is; each is shown with its word and symbol, too."""

    GREEN = 0
    AMBER = 1
    RED = 2

    @property
    def word(self) -> str:
        return ("fine", "look", "WRONG")[self]

    @property
    def symbol(self) -> str:
        return ("✔", "!", "✘")[self]


class Seen(msgspec.Struct, frozen=True):
    """What one check has seen; `todo` is what to do about it."""

    colour: Colour
    words: str
    todo: str = ""


class Finding(msgspec.Struct, frozen=True):
    """A check that found something; `because` is the finding that explains it, "" for a cause of its own."""

    check: str
    part: str
    colour: Colour
    words: str
    todo: str
    because: str = ""
