"""Sessions of the commissioning page: a browser without a certificate acts for whoever let it in, for half an hour.

    offered ──the code is used, once, within OFFER_S──> entered ──the browser's key, within KEY_S──> at work ──> over

A stolen cookie is worth nothing: every request is signed by a key that the browser made, cannot be taken out of it, and
never travelled; it counts once, and from the address that entered only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from asyncio import BaseTransport, Transport
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agent.domain import Event, Json, Severity
from agent.errors import OperatorError
from agent.hub.callers import Caller, Role

OFFER_S, KEY_S, LASTS_S, IDLE_S = 300.0, 60.0, 1800.0, 600.0
MOST_SESSIONS = 16
CODE_BYTES, TOKEN_BYTES = 10, 32
WINDOW = 1 << 27
"""How far below the highest number a seal may be: numbers are milliseconds times 4096, so about half a minute."""
MOST_SEEN = 4096


class NoSession(OperatorError):
    """The code, cookie or seal is of no session that there is."""


@dataclass(slots=True)
class Session:
    """One browser's leave to act for `caller`, who showed this certificate (DER) if any."""

    id: str
    caller: Caller
    certificate: bytes | None
    ends_s: float
    code: bytes = b""
    token: str = ""
    address: str = ""
    key: ec.EllipticCurvePublicKey | None = None
    used_s: float = 0.0
    highest: int = 0
    seen: set[int] = field(default_factory=set)
    transports: set[BaseTransport | None] = field(default_factory=set)

    def facts(self, now_s: float) -> dict[str, Json]:
        """As people list it: without a secret."""
        state = "at work" if self.key else "entered" if self.token else "offered"
        left_s = round(max(0.0, self.ends_s - now_s))
        role = self.caller.role.name.lower()
        return {
            "id": self.id,
            "state": state,
            "role": role,
            "by": self.caller.name,
            "address": self.address,
            "left_s": left_s,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """What a seal is for: one request."""

    method: str
    path: str
    body: bytes

    def text(self, number: int) -> bytes:
        """What is signed."""
        digest = hashlib.sha256(self.body).hexdigest()
        return f"{self.method}\n{self.path}\n{number}\n{digest}".encode()


@dataclass(frozen=True, slots=True)
class Life:
    """What sessions need of a life of the camera. `device` is its key's fingerprint; `monotonic` gives seconds.

    `admits` says whether this caller with this certificate (DER), if any, would still be let in.
    """

    device: str
    monotonic: Callable[[], float]
    report: Callable[[Event], None]
    admits: Callable[[Caller, bytes | None], bool]


class Sessions:
    """Belongs to the event loop. In RAM only: they outlive a life of the camera, such as a trial of other zones, not
    the process, and not a factory reset.
    """

    def __init__(self) -> None:
        self._life: Life | None = None
        self._sessions: dict[str, Session] = {}

    @property
    def life(self) -> Life:
        """The camera's life now."""
        assert self._life is not None
        return self._life

    def begin(self, life: Life) -> None:
        """A life of the camera begins; another device has no sessions of this one."""
        if self._life is not None and self._life.device != life.device:
            self._sessions.clear()
        self._life = life

    def offer(self, caller: Caller, certificate: bytes | None = None) -> str:
        """Let a browser in for this caller: the code that it enters by, once. Raises OperatorError when many are in."""
        session = self._made(caller, certificate)
        session.code = secrets.token_bytes(CODE_BYTES)
        self._note("offered", session)
        return base64.b32encode(session.code).decode().lower()

    def enter(self, code: str, address: str) -> str:
        """Use a code: the cookie's token. Raises NoSession."""
        self.sweep()
        return self._enter(self._by_code(_unbase32(code)), address)

    def enter_for(self, caller: Caller, address: str) -> str:
        """Enter without a code, for a caller who has proven something else. Raises OperatorError when many are in."""
        return self._enter(self._made(caller, None), address)

    def _made(self, caller: Caller, certificate: bytes | None) -> Session:
        self.sweep()
        if len(self._sessions) >= MOST_SESSIONS:
            raise OperatorError(f"{MOST_SESSIONS} sessions are open already", hint="end one, or wait for its end")
        session = Session(secrets.token_hex(4), caller, certificate, self._now_s() + OFFER_S)
        self._sessions[session.id] = session
        return session

    def _enter(self, session: Session, address: str) -> str:
        session.code, session.token = b"", secrets.token_urlsafe(TOKEN_BYTES)
        session.address, session.ends_s = address, self._now_s() + KEY_S
        self._note("entered", session)
        return session.token

    def give_key(self, session: Session, key: bytes) -> None:
        """The browser's public key (an uncompressed point of P-256), once. Raises NoSession, ValueError."""
        if session.key is not None:
            raise NoSession("this session has its key already", hint="open the page by a new link")
        session.key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        session.used_s = self._now_s()
        session.ends_s = session.used_s + LASTS_S
        self._note("opened", session)

    def of_cookie(self, token: str, address: str) -> Session | None:
        """The session of a browser with this cookie at this address; None where there is none (any more)."""
        self.sweep()
        found = [one for one in self._sessions.values() if one.token and _same(one.token, token)]
        return next((one for one in found if one.address == address), None)

    def unseal(self, session: Session, asked: Asked, seal: str) -> None:
        """Make sure that the session's own browser asks this, for the first time. Raises NoSession."""
        number, signature = _split(seal)
        if session.key is None or number <= session.highest - WINDOW or number in session.seen:
            raise NoSession("this request was made before")
        try:
            session.key.verify(signature, asked.text(number), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise NoSession("this request is not signed by this session's browser") from None
        session.highest = max(session.highest, number)
        session.seen = {one for one in session.seen if one > session.highest - WINDOW} | {number}
        if len(session.seen) > MOST_SEEN:
            raise NoSession("this session asks too often")
        session.used_s = self._now_s()

    def end(self, session_id: str, by: Caller, spare: BaseTransport | None = None) -> None:
        """End one, and its connections but `spare`: a technician their own only. Raises NoSession."""
        session = self._sessions.get(session_id)
        if session is None or (by.role < Role.HUB and by.name != session.caller.name):
            raise NoSession(f"no session {session_id[:20]!r} is yours to end")
        session.transports.discard(spare)
        self._drop(session, "ended")

    def listed(self) -> list[dict[str, Json]]:
        """All that there are."""
        self.sweep()
        return [session.facts(self._now_s()) for session in self._sessions.values()]

    def left_s(self, session: Session) -> float:
        """For how long it may go on at most."""
        return max(0.0, session.ends_s - self._now_s())

    def sweep(self) -> None:
        """End those whose time is over, and those of who would not be let in any more."""
        now_s = self._now_s()
        for session in list(self._sessions.values()):
            idle = session.key is not None and now_s - session.used_s >= IDLE_S
            if now_s >= session.ends_s or idle:
                self._drop(session, "expired")
            elif not self.life.admits(session.caller, session.certificate):
                self._drop(session, "withdrawn")

    def _now_s(self) -> float:
        return self.life.monotonic()

    def _by_code(self, code: bytes) -> Session:
        found = [one for one in self._sessions.values() if one.code and hmac.compare_digest(one.code, code)]
        if not found:
            raise NoSession("this link was used, or its time is over", hint="`aislewatch page` makes a new one")
        return found[0]

    def _drop(self, session: Session, why: str) -> None:
        del self._sessions[session.id]
        for transport in session.transports:
            if isinstance(transport, Transport):
                transport.abort()
        self._note(why, session)

    def _note(self, what: str, session: Session) -> None:
        facts = session.facts(self._now_s())
        data = {key: facts[key] for key in ("id", "role", "by", "address")}
        self.life.report(Event("session", self._now_s(), Severity.INFO, {"what": what, **data}))


def _split(seal: str) -> tuple[int, bytes]:
    """The number and the signature (DER) of a seal. Raises NoSession."""
    number, _, letters = seal.partition(".")
    try:
        raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        if len(raw) != 64 or not number.isascii() or not number.isdigit() or len(number) > 16:
            raise ValueError(seal)
    except (binascii.Error, ValueError):
        raise NoSession("this request is not signed") from None
    half = len(raw) // 2
    signature = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    return int(number), signature


def _unbase32(code: str) -> bytes:
    """Raises NoSession."""
    try:
        return base64.b32decode(code.upper())
    except (binascii.Error, ValueError):
        raise NoSession("this is no code of this camera", hint="`aislewatch page` makes a new one") from None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))
