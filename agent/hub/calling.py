"""How a camera proves that it is the one that calls: the hub gives a challenge, the camera's key signs it.

    hub:    AISLEWATCH-HUB 1 <32 hex digits>
    camera: AISLEWATCH-CALL 1 <id> <public key> <signature>

One line each; key (DER, SubjectPublicKeyInfo) and signature (ECDSA, SHA-256) in URL-safe base64. It only keeps others
from standing in the camera's line: whoever uses the call makes sure by TLS whom it leads to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

LONGEST = 512
_CHALLENGE = re.compile(rb"AISLEWATCH-HUB 1 ([0-9a-f]{32})\n")
_CALL = re.compile(rb"AISLEWATCH-CALL 1 ([A-Za-z0-9._-]{1,64}) ([A-Za-z0-9_=-]{1,200}) ([A-Za-z0-9_=-]{1,120})\n")


def challenge_line(challenge: str) -> bytes:
    """What a hub says first."""
    return f"AISLEWATCH-HUB 1 {challenge}\n".encode()


def answer_line(camera: str, key: Path, line: bytes) -> bytes:
    """What the camera says to a hub's line. Raises ValueError for another line, OSError without a key."""
    found = _CHALLENGE.fullmatch(line)
    private = load_pem_private_key(key.read_bytes(), None)
    if found is None or not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError("whoever answers there is no hub that takes calls")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = private.sign(_said(found[1], camera), ec.ECDSA(SHA256()))
    parts = (base64.urlsafe_b64encode(part).decode() for part in (public, signature))
    return f"AISLEWATCH-CALL 1 {camera} {' '.join(parts)}\n".encode()


def caller_in(line: bytes) -> str:
    """The camera that a line speaks of, not proven; "" where it is no such line."""
    found = _CALL.fullmatch(line)
    return found[1].decode() if found else ""


def is_proven(line: bytes, challenge: str, fp: str) -> bool:
    """Whether the holder of the key with this fingerprint has answered this challenge."""
    found = _CALL.fullmatch(line)
    if found is None:
        return False
    try:
        public, signature = base64.urlsafe_b64decode(found[2]), base64.urlsafe_b64decode(found[3])
        if not hmac.compare_digest(hashlib.sha256(public).hexdigest(), fp):
            return False
        key = load_der_public_key(public)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, _said(challenge.encode(), found[1].decode()), ec.ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _said(challenge: bytes, camera: str) -> bytes:
    return b"aislewatch call\n" + challenge + b"\n" + camera.encode()
