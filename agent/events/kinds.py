"""The words and numbers that messages of the link are made of, each with its limits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from agent.domain import Json

# A finite number: NaN passes no comparison, so the bounds keep it out as well.
Real = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
Epoch = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Token = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""128 random bits in hexadecimal digits."""
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
SeverityWord = Literal["info", "warning", "critical"]

Who = Annotated[str, Meta(max_length=63)]
"""Who says so; may be left out."""
Words = Annotated[str, Meta(max_length=200)]
"""Why, where that may be left out."""
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""Why, where it must be said; blanks say nothing."""
Text = Annotated[str, Meta(max_length=2000)]
"""What somebody writes at length."""

if TYPE_CHECKING:
    Facts = Mapping[str, Json]
else:
    # JSON to a depth that keeps a whole batch within the message limits; written out so that the C decoder enforces it.
    _J0 = None | bool | int | Real | str
    _J1 = None | bool | int | Real | str | list[_J0] | dict[str, _J0]
    _J2 = None | bool | int | Real | str | list[_J1] | dict[str, _J1]
    _J3 = None | bool | int | Real | str | list[_J2] | dict[str, _J2]
    Facts = dict[str, _J3]
