"""How the camera answers and where it keeps what must survive."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """The doors of the camera: TLS for its hub and technicians, plain HTTP and a Unix socket for who works on it."""

    plain: bool = setting(schema.flag, True, help="answer on this computer without TLS; every user of it may do all")
    host: str = setting(schema.text, "127.0.0.1", help="a loopback address to listen on without TLS")
    port: int = setting(schema.integer(0, 65535), 8723, help="its port; 0 picks a free one")
    tls_host: str = setting(
        schema.text, "127.0.0.1", help="the address to listen on with TLS; :: is all, 0.0.0.0 all of IPv4"
    )
    tls_port: int = setting(schema.integer(-1, 65535), 8743, help="its port; 0 picks a free one, -1 is no TLS")
    socket: str | None = setting(schema.text, None, help="a Unix socket for root and the group aislewatch")
    announce: bool = setting(schema.flag, True, help="announce by mDNS")


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Where the camera keeps what must survive."""

    data_dir: str = setting(schema.text, "/var/lib/aislewatch", help="folder of the journal")
    max_events: int = setting(schema.integer(1000, 10_000_000), 100_000, help="events kept while nobody fetches them")
    max_age_days: float = setting(schema.number(1, 366), 7.0, help="days they are kept once every hub has them")
