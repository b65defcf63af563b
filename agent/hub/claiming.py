"""A hub claims a camera: it checks the key of the claim, then sends the token and what the camera is to pin."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import msgspec

from agent.errors import LinkClosed, OperatorError
from agent.hub.addresses import on_each_link
from agent.hub.claim_code import ClaimCode
from agent.hub.keyring import CameraPin, Keyring, Trust
from agent.hub.pinning import pinned_context
from agent.hub.remote import Impostor, NotReached, Refused, Remote, request
from agent.hub.upkeep import bring_up_to_date
from agent.hub.ways import first_there


async def claim(keyring: Keyring, code: ClaimCode, host: str = "", *, replace: bool = False) -> CameraPin:
    """Claim the camera that shows this code; `host` where it is reached elsewhere than the code says.

    The pin is on the disk before the token leaves: an answer that is lost cannot leave a camera that nobody can reach.
    Raises OperatorError, in words a person can act on.
    """
    trust = keyring.trust()
    before = trust.cameras.get(code.id)
    if before and before.fp != code.fp and not replace:
        hint = "if the camera was reset or exchanged, say so with --replace"
        raise OperatorError(f"{code.id} is claimed already, and with another key", hint=hint)
    authority = keyring.authority()
    pin = await _reached(CameraPin(code.id, code.fp, host or code.host, code.port, authority.number))
    said = {"token": code.token, "ca": authority.pem, "store": trust.store, "hub": trust.hub}
    keyring.change(lambda now: now.with_camera(pin))
    try:
        await request(pinned_context(code.fp), "POST", pin.url("/v1/pair"), said)
    except Refused as refusal:
        if refusal.status != HTTPStatus.CONFLICT or not await is_ours(keyring, pin):
            keyring.change(lambda now: _restored(now, pin, before))
            raise
    except LinkClosed as error:
        raise _not_reached(keyring, pin, before, error) from None
    with suppress(Refused, LinkClosed):  # the hub tries again whenever it links
        await bring_up_to_date(keyring, pin)
    return pin


async def _reached(pin: CameraPin) -> CameraPin:
    """With the link on which the camera is, where its address is good on its own link only and does not say which."""
    places = [msgspec.structs.replace(pin, host=host) for host in on_each_link(pin.host)]
    found = await first_there(pin, [place.url() for place in places]) if len(places) > 1 else ""
    return next((place for place in places if place.url() == found), next(iter(places), pin))


async def is_ours(keyring: Keyring, pin: CameraPin) -> bool:
    """Whether the camera takes this hub's certificate."""
    try:
        await Remote(keyring, pin).get("/v1/status")
    except (Refused, LinkClosed):
        return False
    return True


def _not_reached(keyring: Keyring, pin: CameraPin, before: CameraPin | None, error: LinkClosed) -> OperatorError:
    """Nothing is forgotten unless it is sure that the token was not taken."""
    if isinstance(error, NotReached):
        keyring.change(lambda now: _restored(now, pin, before))
    if isinstance(error, Impostor):
        hint = "compare the fingerprint on the camera; something else may answer at its address"
        return OperatorError(f"this is not the camera of the claim: {error}", hint=hint)
    hint = "are both on the same network? give --host ADDRESS if the camera is reached elsewhere, and try again"
    return OperatorError(f"the camera does not answer: {error}", hint=hint)


def _restored(trust: Trust, pin: CameraPin, before: CameraPin | None) -> Trust:
    return trust.without_camera(pin.id) if before is None else trust.with_camera(before)
