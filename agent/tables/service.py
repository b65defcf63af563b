"""How the camera answers and where it keeps what must survive."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """The camera's own web address. Until it is paired it answers on loopback only, unless `allow_insecure`."""

    host: str = setting(schema.text, "127.0.0.1", help="the address to listen on")
    port: int = setting(schema.integer(0, 65535), 8723, help="0 picks a free one")
    allow_insecure: bool = setting(schema.flag, False, help="answer strangers without pairing; warns at every start")
    announce: bool = setting(schema.flag, True, help="announce by mDNS")


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Where the camera keeps what must survive."""

    data_dir: str = setting(schema.text, "/var/lib/aislewatch", help="folder of the journal")
    max_events: int = setting(schema.integer(1000, 10_000_000), 100_000, help="events kept while nobody fetches them")
    max_age_days: float = setting(schema.number(1, 366), 7.0, help="days they are kept once every hub has them")
