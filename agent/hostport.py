"""HOST:PORT as text: an IPv6 address stands in brackets, so that its colons are told from the one before the port."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"(?:\[(?P<bare>[^\[\]\s]*:[^\[\]\s]*)\]|(?P<host>[^\[\]:\s]+)):(?P<port>[0-9]{1,5})", re.ASCII)
MOST_PORT = 65535


def bracketed(host: str) -> str:
    """The host as it stands in an address or a URL; one that has its brackets keeps them."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def join(host: str, port: int) -> str:
    """HOST:PORT."""
    return f"{bracketed(host)}:{port}"


def split(text: str) -> tuple[str, int]:
    """The host, without brackets, and the port. Raises ValueError, in words that say what is expected."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError("expected HOST:PORT, an IPv6 address in brackets")
    port = int(found["port"])
    if not 0 < port <= MOST_PORT:
        raise ValueError(f"{port} is no port, which is 1 to {MOST_PORT}")
    return found["bare"] or found["host"], port
