"""Stills and clips on the link: fetched by the hub in parts, from any offset, with the hash of the whole at the end."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.events.kinds import Count, Digest

PART_BYTES = 32 * 1024
MIN_WINDOW, MAX_WINDOW = PART_BYTES, 4 << 20
MOST_BYTES = 1 << 30
"""The largest attachment there is."""

What = Annotated[str, Meta(pattern=r"^[a-z]{1,16}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){1,3}\Z")]
"""What an attachment is called, such as `clip/ID/clip.mp4`; also a path that stays below a folder."""
Bytes = Annotated[int, Meta(ge=0, le=MOST_BYTES)]


class Fetch(msgspec.Struct, frozen=True, tag_field="type", tag="fetch", omit_defaults=True, gc=False):
    """Hub: send this attachment from `offset` on; `n` is the hub's number for it on this link.

    At most `window` bytes are under way that the hub has not taken.
    """

    n: Count
    what: What
    offset: Bytes = 0
    window: Annotated[int, Meta(ge=MIN_WINDOW, le=MAX_WINDOW)] = 256 * 1024


class Take(msgspec.Struct, frozen=True, tag_field="type", tag="take", gc=False):
    """Hub: I have all of it up to `through`."""

    n: Count
    through: Bytes


class Leave(msgspec.Struct, frozen=True, tag_field="type", tag="leave", gc=False):
    """Hub: I want no more of it."""

    n: Count


class Part(msgspec.Struct, frozen=True, tag_field="type", tag="part", gc=False):
    """Camera: the bytes from `offset` on of an attachment of `size` bytes."""

    n: Count
    offset: Bytes
    size: Bytes
    data: Annotated[bytes, Meta(min_length=1, max_length=PART_BYTES)]


class Done(msgspec.Struct, frozen=True, tag_field="type", tag="done", gc=False):
    """Camera: that was all; the hash is of the whole attachment, whatever the offset was."""

    n: Count
    size: Bytes
    sha256: Digest
    media: str


class Undone(msgspec.Struct, frozen=True, tag_field="type", tag="undone", gc=False):
    """Camera: it cannot be sent, or not to its end."""

    n: Count
    reason: str
