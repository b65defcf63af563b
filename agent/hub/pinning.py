"""TLS to a camera whose key is known: the key is compared in the handshake, before a single byte of ours is sent.

No certificate authority, no name and no date counts, only the key of the claim. The comparison is part of the
handshake itself (`SSLContext.sslobject_class`): a stranger's key ends it before the hub shows its own certificate.
"""

from __future__ import annotations

import hmac
import ssl
from pathlib import Path

from agent.hub.certificates import fingerprint_of


class WrongKey(ssl.SSLCertVerificationError):
    """Whoever answers there is not the camera that was claimed."""


class PinnedContext(ssl.SSLContext):
    """A client's context that talks to the holder of one key only, over TLS 1.3. Made by `pinned_context`."""

    fp: str

    def check(self, certificate: bytes | None) -> None:
        """Raises WrongKey where the certificate (DER) does not hold the key."""
        if certificate is None or not hmac.compare_digest(fingerprint_of(certificate), self.fp):
            raise WrongKey("the key of whoever answers there is not the camera's")


class _PinnedObject(ssl.SSLObject):
    def do_handshake(self) -> None:
        super().do_handshake()
        _check(self.context, self.getpeercert(binary_form=True))


class _PinnedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        _check(self.context, self.getpeercert(binary_form=True))


def pinned_context(fp: str, own: Path | None = None) -> PinnedContext:
    """A context for the camera with this fingerprint; `own` holds the hub's key and certificate (PEM), once claimed.

    Raises OSError or ssl.SSLError where `own` cannot be used.
    """
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.fp = fp
    context.sslobject_class, context.sslsocket_class = _PinnedObject, _PinnedSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the key decides; that its holder is there, TLS 1.3 proves by itself
    if own is not None:
        context.load_cert_chain(own)
    return context


def _check(context: ssl.SSLContext, certificate: bytes | None) -> None:
    assert isinstance(context, PinnedContext)
    context.check(certificate)
