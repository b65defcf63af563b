"""What a camera tells everybody about itself: the same facts in mDNS TXT records, `/v1/identity` and the hello."""

from __future__ import annotations

from dataclasses import asdict, dataclass

API = "v0"


@dataclass(frozen=True, slots=True)
class Identity:
    """Public facts; no secret and no name of a shop. `fp` begins the public key's hash, empty before there is a key.

    A camera that is `starting` proves who it is, and answers as soon as the rest of it is there.
    """

    id: str
    model: str
    fw: str
    state: str = "unclaimed"
    fp: str = ""
    tls: bool = False
    api: str = API
    starting: bool = False

    @property
    def name(self) -> str:
        """Unique on the network, because the id is the board's serial number."""
        return f"aislewatch-{self.id}"

    def facts(self) -> dict[str, str]:
        """The facts as text; `tls` is 0 or 1, `starting` is 1 or is not there."""
        facts = asdict(self) | {"tls": str(int(self.tls)), "starting": "1"}
        return facts if self.starting else {name: fact for name, fact in facts.items() if name != "starting"}
