"""A small reference hub: finds cameras by mDNS, links to them, keeps their events and prints them."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from agent.events.lines import event_json, sentence, utc_text
from agent.events.wire import Record
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, LinkState, Watchers
from hal.ports import WallTime

__all__ = ["Hub", "main", "text_line"]


def text_line(device: str, record: Record) -> str:
    """One event as a line a person can read; a `?` marks a time from a clock that was not set."""
    mark = " " if record.synchronised else "?"
    return f"{utc_text(record.utc_s)}{mark} {device} #{record.seq} {sentence(record.body)}"


def json_line(device: str, record: Record) -> str:
    """The same as one JSON object, with the camera's id and the event's number first."""
    fields = event_json(record.body, WallTime(record.utc_s, record.synchronised))
    return f'{{"device":"{device}","seq":{record.seq},{fields[1:]}'


def main(
    url: Annotated[list[str] | None, typer.Option(help="link to this camera, ws://HOST:PORT/v1/link")] = None,
    database: Annotated[Path, typer.Option(help="where the events are kept")] = Path("hub.db"),
    hub_id: Annotated[
        str | None, typer.Option(help="this hub's name to cameras; default: made with the database")
    ] = None,
    camera: Annotated[list[str] | None, typer.Option(help="link only to the camera with this id; default all")] = None,
    browse: Annotated[bool, typer.Option(help="find cameras by mDNS")] = True,
    interface: Annotated[list[str] | None, typer.Option(help="address of an interface to search; default all")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Run until Ctrl-C."""

    def show(device: str, record: Record) -> None:
        print(json_line(device, record) if json else text_line(device, record), flush=True)

    def state(camera: str, now: LinkState, reason: str) -> None:
        print(f"{camera}: {now} ({reason})", file=sys.stderr, flush=True)

    def gap(device: str, first: int, last: int) -> None:
        print(f"{device}: numbers {first} to {last} were dropped by the camera", file=sys.stderr, flush=True)

    with Ledger(database) as ledger, suppress(KeyboardInterrupt):
        hub = Hub(ledger, hub_id, Watchers(show, state, gap), cameras=camera)
        asyncio.run(hub.run(url or (), browse=browse, interfaces=interface))


if __name__ == "__main__":
    typer.run(main)
