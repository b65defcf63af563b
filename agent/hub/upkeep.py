"""What a hub does about trust once cameras are claimed: passes, revocations, a new authority, letting a camera go.

A new authority comes in two steps for each camera: it first pins both, as the old one asks, then only the new one, as
the new one asks. A camera that is off meanwhile keeps the old one, and so does the hub until that camera has followed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from yarl import URL

from agent.durable import write_durably
from agent.errors import LinkClosed, OperatorError, RetryError
from agent.hub.authority import Authority
from agent.hub.keyring import CameraPin, Keyring, Pass, Trust
from agent.hub.remote import CertificateRefused, Look, Refused, Remote, nowhere

Told = dict[str, str]
"""What became of a wish at each camera: an empty text where it was done, else why not."""

HOUR_S = 3600.0


def issue(keyring: Keyring, name: str, hours: float, now_utc_s: float, out: Path) -> Pass:
    """Write a technician's pass to `out`: key and certificate, readable by its owner. Raises OperatorError."""
    authority, until_s = keyring.authority(), now_utc_s + hours * HOUR_S
    issued = authority.technician(name, until_s)
    made = Pass(issued.serial, name, until_s, authority.number)
    keyring.change(lambda trust: msgspec.structs.replace(trust, passes=(*trust.passes, made)))
    pins = "".join(f"camera {pin.id} {pin.fp}\n" for pin in keyring.trust().cameras.values())
    try:
        write_durably(out, f"pass of {name}\n{pins}".encode() + issued.pem, mode=0o600)
    except OSError as error:
        raise OperatorError(f"cannot write {out}: {error.strerror}", hint="give --out a file in a folder") from None
    return made


def revoke(keyring: Keyring, who: str) -> list[Pass]:
    """Note that a serial, or every pass of a name, is void; `tell` has the cameras know. Raises OperatorError."""
    found = [made for made in keyring.trust().passes if who.lower() in (made.serial, made.name.lower())]
    if not found:
        hint = f"known are: {', '.join(sorted({made.name for made in keyring.trust().passes})) or 'none'}"
        raise OperatorError(f"no pass was issued to {who}, nor one with that serial number", hint=hint)
    keyring.change(lambda trust: _with_revoked(trust, [made.serial for made in found]))
    return found


async def tell(keyring: Keyring, look: Look = nowhere) -> Told:
    """Have every camera know what is revoked; those that are off are told when the hub links to them again."""
    return await _each(keyring.trust().cameras.values(), lambda pin: bring_up_to_date(keyring, pin, look))


async def bring_up_to_date(keyring: Keyring, pin: CameraPin, look: Look = nowhere) -> None:
    """Have one camera know what is revoked, where it does not. Raises Refused, LinkClosed."""
    trust = keyring.trust()
    if pin.told == trust.revision:
        return
    await Remote(keyring, pin, look).post("/v1/trust/revoked", {"serials": trust.revoked})
    _update(keyring, pin.id, told=trust.revision)


def at_place(pin: CameraPin, url: str) -> CameraPin:
    """The camera as if it were at this address."""
    address = URL(url)
    return msgspec.structs.replace(pin, host=address.host or "", port=address.port or 0)


def note_place(keyring: Keyring, pin: CameraPin) -> None:
    """Remember where the camera was found."""
    _update(keyring, pin.id, host=pin.host, port=pin.port)


async def rotate(keyring: Keyring, look: Look = nowhere) -> Told:
    """Exchange the hub's authority for a new one, or go on with an exchange that not every camera has followed.

    Every pass issued before ends with the old one.
    """
    trust = keyring.change(lambda now: _with_new_authority(keyring, now))
    old, new = (keyring.authority(number) for number in trust.authorities)
    behind = [pin for pin in trust.cameras.values() if pin.authority == old.number]
    told = await _each(behind, lambda pin: _move(keyring, pin, old, new, look))
    if not any(told.values()):
        keyring.change(lambda now: _only(now, new.number))
        old.remove()
    return told


async def unpair(keyring: Keyring, camera: str, reason: str, look: Look = nowhere, *, forget: bool = False) -> None:
    """Let a camera go: it forgets this hub, and the hub forgets it. `forget` does the latter whatever it answers."""
    pin = keyring.pin(camera)
    if pin is None:
        hint = f"claimed are: {', '.join(keyring.trust().cameras) or 'none'}"
        raise OperatorError(f"{camera} is not claimed by this hub", hint=hint)
    try:
        await Remote(keyring, pin, look).post("/v1/unpair", {"reason": reason})
    except (Refused, LinkClosed) as error:
        if not forget:
            hint = "--forget lets the hub forget a camera that is gone; then reset the camera on itself"
            raise OperatorError(f"{camera} was not told: {error}", hint=hint) from None
    keyring.change(lambda trust: trust.without_camera(camera))


async def _move(keyring: Keyring, pin: CameraPin, old: Authority, new: Authority, look: Look) -> None:
    """Both steps; where the camera has done them and only its answer was lost, the second again does no harm."""
    camera = Remote(keyring, pin, look)
    with suppress(CertificateRefused):
        await camera.post("/v1/trust/authorities", {"authorities": [old.pem, new.pem]}, authority=old.number)
    await camera.post("/v1/trust/authorities", {"authorities": [new.pem]}, authority=new.number)
    _update(keyring, pin.id, authority=new.number)


async def _each(pins: Iterable[CameraPin], job: Callable[[CameraPin], Awaitable[None]]) -> Told:
    told: Told = {}
    for pin in pins:
        try:
            await job(pin)
            told[pin.id] = ""
        except (OperatorError, RetryError) as error:
            told[pin.id] = str(error)
    return told


def _update(keyring: Keyring, camera: str, **changes: int | str) -> None:
    """Change what is known of a camera, unless it was let go meanwhile."""

    def changed(trust: Trust) -> Trust:
        pin = trust.cameras.get(camera)
        return trust if pin is None else trust.with_camera(msgspec.structs.replace(pin, **changes))

    keyring.change(changed)


def _with_revoked(trust: Trust, serials: Iterable[str]) -> Trust:
    revoked = tuple(dict.fromkeys((*trust.revoked, *serials)))
    return msgspec.structs.replace(trust, revoked=revoked, revision=trust.revision + 1)


def _with_new_authority(keyring: Keyring, trust: Trust) -> Trust:
    if len(trust.authorities) == 2:
        return trust
    number = trust.authorities[0] + 1
    Authority.make(keyring.folder, number, trust.hub)
    return msgspec.structs.replace(trust, authorities=(*trust.authorities, number))


def _only(trust: Trust, number: int) -> Trust:
    """With one authority left: what was issued below another is void without being revoked."""
    passes = tuple(made for made in trust.passes if made.authority == number)
    serials = {made.serial for made in passes}
    revoked = tuple(serial for serial in trust.revoked if serial in serials)
    revision = trust.revision + (revoked != trust.revoked)
    return msgspec.structs.replace(trust, authorities=(number,), passes=passes, revoked=revoked, revision=revision)
