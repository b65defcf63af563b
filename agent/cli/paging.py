"""The command `page`: a link that lets one browser into the camera's page."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from agent.cli.asking import tell
from agent.cli.pairing import qr_text
from agent.cli.printing import say
from agent.hostport import bracketed


def page(url: str, host: str | None, *, as_json: bool) -> None:
    """Ask for a link and show it."""
    told = tell(url, "/v1/sessions", {})
    link = at(told["url"], host) if host else told["url"]
    words = [
        qr_text(link),
        f"Open this on the phone or laptop, within {told['expires_s'] / 60:g} minutes; it lets one browser in, once:",
        f"  {link}",
        "The browser warns that it does not know the camera's own certificate: go on all the same.",
    ]
    say({"type": "page", **told, "url": link}, words, as_json=as_json)


def at(link: str, host: str) -> str:
    """The link with another host, its port kept."""
    parts = urlsplit(link)
    return urlunsplit(parts._replace(netloc=f"{bracketed(host)}:{parts.port}"))
