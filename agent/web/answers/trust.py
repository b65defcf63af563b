"""Pairing, what the camera trusts, and the sessions of its page."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from agent.web.answers.camera import Number, RoleWord, Seconds


class ClaimOpen(Struct):
    """What a hub needs to claim the camera: its key's fingerprint, and a token that counts once."""

    id: str
    fp: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    token: str
    expires_s: Seconds
    port: Annotated[int, Meta(ge=0, le=65535)]
    addresses: list[str]


class Paired(Struct):
    """The camera belongs to the hub now."""

    id: str
    fp: str
    state: Literal["claimed", "unclaimed"]


class Unpaired(Struct):
    """The camera has no hub any more."""

    id: str
    state: Literal["claimed", "unclaimed"]


class AuthoritiesTaken(Struct):
    """How many authorities are pinned now."""

    authorities: Annotated[int, Meta(ge=1, le=2)]


class RevokedTaken(Struct):
    """How many certificates are void."""

    revoked: Number


class Resetting(Struct):
    """The camera forgets everything now."""

    id: str
    state: Literal["resetting"]


class Offered(Struct):
    """Links by which one browser can enter, once."""

    url: str
    urls: list[str]
    expires_s: Seconds


class SessionFacts(Struct):
    """One browser's session, without its secrets."""

    id: str
    state: Literal["offered", "entered", "at work"]
    role: RoleWord
    by: str
    address: str
    left_s: Seconds


class SessionList(Struct):
    """All of them."""

    sessions: list[SessionFacts]


class KeyTaken(Struct):
    """The session, and for how long it lasts at most."""

    id: str
    left_s: Seconds


class SessionEnded(Struct):
    """The session that was ended."""

    ended: str


class Me(Struct):
    """Who one is to this camera."""

    role: RoleWord
    name: str
    session: str | None
