"""A small reference hub: finds cameras or is called by them, claims them, links, keeps their events and prints them.

Without a command it runs. Its keys and the pins of its cameras lie in a folder beside its database: keep both, and keep
the folder to yourself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec
import typer

from agent.cli.boundary import guarded
from agent.cli.complaints import OPERATOR_EXIT
from agent.cli.printing import say
from agent.errors import OperatorError, WireError
from agent.events.lines import event_json, sentence, utc_text
from agent.events.orders import Order, read_order
from agent.events.wire import Record
from agent.hub import claiming, upkeep
from agent.hub.claim_code import ClaimCode
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, LinkState, Watchers
from agent.hub.remote import Look
from hal.ports import WallTime
from hal.system import SystemClock
from tools.hub_ways import Browse, Dns, DomainName, Listen, Ways

__all__ = ["Hub", "app", "main", "text_line"]

app = typer.Typer(no_args_is_help=False, pretty_exceptions_enable=False, help=__doc__)
issue_app = typer.Typer(no_args_is_help=True, help="Give out a pass.")
app.add_typer(issue_app, name="issue")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]
Database = Annotated[Path, typer.Option(help="Where the events are kept.")]
Keys = Annotated[Path | None, typer.Option(help="The folder of keys and pins; beside the database by default.")]
HubId = Annotated[str | None, typer.Option(help="This hub's name to cameras; by default made with the database.")]
HUB_DB = Path("hub.db")
T = TypeVar("T")


@app.command()
@guarded
def run(
    url: Annotated[
        list[str] | None, typer.Option(help="Link without TLS to this camera: ws://HOST:PORT/v1/link")
    ] = None,
    database: Database = HUB_DB,
    keys: Keys = None,
    hub_id: HubId = None,
    camera: Annotated[list[str] | None, typer.Option(help="Link only to the camera with this id.")] = None,
    browse: Browse = True,
    interface: Annotated[
        list[str] | None, typer.Option(help="Address of an interface to search; all by default.")
    ] = None,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
    as_json: AsJson = False,
) -> None:
    """Link to the claimed cameras, and without TLS to those that speak none, until Ctrl-C; print what they tell."""

    ways = Ways.of(browse, domain, dns, listen)

    def show(device: str, record: Record) -> None:
        print(json_line(device, record) if as_json else text_line(device, record), flush=True)

    def state(name: str, now: LinkState, reason: str) -> None:
        print(f"{name}: {now} ({reason})", file=sys.stderr, flush=True)

    def gap(device: str, first: int, last: int) -> None:
        print(f"{device}: numbers {first} to {last} were dropped by the camera", file=sys.stderr, flush=True)

    with Ledger(database) as ledger, suppress(KeyboardInterrupt):
        ring = Keyring.open(_folder(database, keys), hub_id or ledger.hub_id)
        watchers, attachments = Watchers(show, state, gap), database.with_suffix(".attachments")
        hub = Hub(ledger, ring.trust().hub, watchers, cameras=camera, keyring=ring, attachments=attachments)
        asyncio.run(hub.run(url or (), browse=browse, interfaces=interface, listen=ways.listen, domain=ways.domain))


@app.command()
@guarded
def claim(
    code: Annotated[str, typer.Argument(help="What `aislewatch pair` shows on the camera: AISLEWATCH:1:...")],
    host: Annotated[str, typer.Option(help="Where the camera is reached, if not where the code says.")] = "",
    store: Annotated[str, typer.Option(help="The name of the shop, told to the camera.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="The camera was reset, or exchanged for another.")] = False,
    database: Database = HUB_DB,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Claim a camera: make sure of its key, then tell it whom to obey from now on."""
    shown = ClaimCode.parse(code)
    pin = asyncio.run(claiming.claim(_ring(database, keys, store), shown, host, replace=replace))
    facts = {"type": "claimed", "id": pin.id, "fp": pin.fp, "url": pin.url()}
    say(facts, f"claimed {pin.id} at {pin.url()}, key {pin.fp[:16]}", as_json=as_json)


@app.command()
@guarded
def cameras(database: Database = HUB_DB, keys: Keys = None, as_json: AsJson = False) -> None:
    """List the claimed cameras, and what some of them have not been told yet."""
    trust = _ring(database, keys).trust()
    for pin in trust.cameras.values():
        behind = _behind(pin.told != trust.revision, pin.authority != trust.authorities[-1])
        facts = {"type": "camera", "id": pin.id, "fp": pin.fp, "url": pin.url(), "behind": behind}
        say(facts, f"{pin.id}  {pin.url()}  key {pin.fp[:16]}  {', '.join(behind)}".rstrip(), as_json=as_json)


@issue_app.command("technician")
@guarded
def issue_technician(
    name: Annotated[str, typer.Argument(help="Who it is for; cameras note the name with all that is done.")],
    out: Annotated[Path, typer.Option(help="The file to write: key and certificate, for that person alone.")],
    hours: Annotated[float, typer.Option(min=0.1, max=168, help="How long it is good for.")] = 8.0,
    database: Database = HUB_DB,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Give a technician a pass to all claimed cameras, for some hours."""
    made = upkeep.issue(_ring(database, keys), name, hours, SystemClock().wall().utc_s, out)
    facts = {
        "type": "pass",
        "name": made.name,
        "serial": made.serial,
        "until_utc_s": made.until_utc_s,
        "file": str(out),
    }
    say(facts, f"{out}: {made.name} until {utc_text(made.until_utc_s)}, serial {made.serial}", as_json=as_json)


@app.command()
@guarded
def passes(database: Database = HUB_DB, keys: Keys = None, as_json: AsJson = False) -> None:
    """List the passes that were given out."""
    trust = _ring(database, keys).trust()
    for made in trust.passes:
        revoked = made.serial in trust.revoked
        facts = {"type": "pass", "name": made.name, "serial": made.serial, "until_utc_s": made.until_utc_s}
        line = f"{made.serial}  {made.name} until {utc_text(made.until_utc_s)}{'  revoked' if revoked else ''}"
        say(facts | {"revoked": revoked}, line, as_json=as_json)


@app.command()
@guarded
def revoke(
    who: Annotated[str, typer.Argument(help="A serial number, or a name: then all passes of that name.")],
    database: Database = HUB_DB,
    keys: Keys = None,
    browse: Browse = True,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
    as_json: AsJson = False,
) -> None:
    """Make passes void, and tell the cameras; one that is off is told when it links again."""
    ways, ring = Ways.of(browse, domain, dns, listen), _ring(database, keys)
    for made in upkeep.revoke(ring, who):
        say({"type": "revoked", "serial": made.serial}, f"revoked {made.name}, serial {made.serial}", as_json=as_json)
    _report(_looking(ways, ring, lambda look: upkeep.tell(ring, look)), as_json=as_json)


@app.command("rotate-ca")
@guarded
def rotate_ca(
    database: Database = HUB_DB,
    keys: Keys = None,
    browse: Browse = True,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
    as_json: AsJson = False,
) -> None:
    """Exchange the hub's authority for a new one on all cameras; say it again for those that were off.

    Passes that were given out before are void with the old one.
    """
    ways, ring = Ways.of(browse, domain, dns, listen), _ring(database, keys)
    _report(_looking(ways, ring, lambda look: upkeep.rotate(ring, look)), as_json=as_json)


@app.command()
@guarded
def unpair(
    camera: Annotated[str, typer.Argument(help="The camera's id, from `cameras`.")],
    reason: Annotated[str, typer.Option(help="Why; the camera keeps it for the record.")],
    forget: Annotated[bool, typer.Option("--forget", help="Forget it even if it does not answer any more.")] = False,
    database: Database = HUB_DB,
    keys: Keys = None,
    browse: Browse = True,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
    as_json: AsJson = False,
) -> None:
    """Let a camera go: it and this hub forget each other."""
    ways, ring = Ways.of(browse, domain, dns, listen), _ring(database, keys)
    _looking(ways, ring, lambda look: upkeep.unpair(ring, camera, reason, look, forget=forget))
    say({"type": "unpaired", "id": camera}, f"{camera} was let go", as_json=as_json)


@app.command()
@guarded
def send(
    camera: Annotated[str, typer.Argument(help="The camera's id.")],
    order: Annotated[str, typer.Argument(help='What it is to do, as JSON: {"do": "silence", "reason": "..."}.')],
    by: Annotated[str, typer.Option(help="Who asks; the camera keeps it for the record.")] = "",
    url: Annotated[list[str] | None, typer.Option(help="Link without TLS: ws://HOST:PORT/v1/link")] = None,
    database: Database = HUB_DB,
    keys: Keys = None,
    hub_id: HubId = None,
    browse: Browse = True,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
) -> None:
    """Order a camera something, and print what became of it (docs/protocol.md); exit code 1 unless it was done."""
    wish = order_of(order)
    hub_at = _Place(database, keys, hub_id, camera, url or (), Ways.of(browse, domain, dns, listen))
    result = asyncio.run(_with_hub(hub_at, lambda hub: hub.reach.command(camera, wish, by=by)))
    print(msgspec.json.encode(result).decode())
    raise SystemExit(result.outcome != "ok")


@app.command()
@guarded
def fetch(
    camera: Annotated[str, typer.Argument(help="The camera's id.")],
    what: Annotated[str, typer.Argument(help="What to fetch: clip/ID/clip.mp4, or what a snapshot's result names.")],
    url: Annotated[list[str] | None, typer.Option(help="Link without TLS: ws://HOST:PORT/v1/link")] = None,
    database: Database = HUB_DB,
    keys: Keys = None,
    hub_id: HubId = None,
    browse: Browse = True,
    domain: DomainName = None,
    dns: Dns = None,
    listen: Listen = None,
) -> None:
    """Fetch a still or a clip, verified, into the folder beside the database; print where it lies."""
    hub_at = _Place(database, keys, hub_id, camera, url or (), Ways.of(browse, domain, dns, listen))
    print(asyncio.run(_with_hub(hub_at, lambda hub: hub.reach.fetch(camera, what))))


def order_of(text: str) -> Order:
    """An order from JSON. Raises OperatorError that says what is wrong with it."""
    try:
        return read_order(msgspec.Raw(msgspec.msgpack.encode(msgspec.json.decode(text))))
    except (msgspec.DecodeError, WireError) as error:
        raise OperatorError(f"this is no order: {error}", hint="see docs/protocol.md") from None


class _Place(NamedTuple):
    """Where a hub keeps its things, and the one camera that it is to link to."""

    database: Path
    keys: Path | None
    hub_id: str | None
    camera: str
    urls: Sequence[str]
    ways: Ways


async def _with_hub(place: _Place, ask: Callable[[Hub], Awaitable[T]]) -> T:
    """Be the hub for as long as the asking takes; events that come meanwhile are kept as ever."""
    with Ledger(place.database) as ledger:
        ring = Keyring.open(_folder(place.database, place.keys), place.hub_id or ledger.hub_id)
        attachments = place.database.with_suffix(".attachments")
        hub = Hub(ledger, ring.trust().hub, cameras=[place.camera], keyring=ring, attachments=attachments)
        ways = place.ways
        work = hub.run(place.urls, browse=ways.browse, listen=ways.listen, domain=ways.domain)
        running, asking = asyncio.create_task(work), asyncio.ensure_future(ask(hub))
        try:
            await asyncio.wait((running, asking), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            return await asking
        finally:
            for task in (running, asking):
                task.cancel()
            await asyncio.gather(running, asking, return_exceptions=True)


def text_line(device: str, record: Record) -> str:
    """One event as a line a person can read; a `?` marks a time from a clock that was not set."""
    mark = " " if record.synchronised else "?"
    return f"{utc_text(record.utc_s)}{mark} {device} #{record.seq} {sentence(record.body)}"


def json_line(device: str, record: Record) -> str:
    """The same as one JSON object, with the camera's id and the event's number first."""
    fields = event_json(record.body, WallTime(record.utc_s, record.synchronised))
    return f'{{"device":"{device}","seq":{record.seq},{fields[1:]}'


def _ring(database: Path, keys: Path | None, store: str = "") -> Keyring:
    """The hub's keys, under the name that it gave its database."""
    with Ledger(database) as ledger:
        return Keyring.open(_folder(database, keys), ledger.hub_id, store)


def _folder(database: Path, keys: Path | None) -> Path:
    return keys or database.with_suffix(".keys")


def _looking(ways: Ways, ring: Keyring, work: Callable[[Look], Awaitable[T]]) -> T:
    """Do it with cameras looked for in these ways; those that call may do so meanwhile."""

    async def doing() -> T:
        async with ways.looking(ring) as look:
            return await work(look)

    return asyncio.run(doing())


def _behind(revocations: bool, authority: bool) -> list[str]:
    """What a camera has not been told."""
    texts = (("revoked passes", revocations), ("the new authority", authority))
    return [f"does not know {text} yet" for text, lacks in texts if lacks]


def _report(told: upkeep.Told, *, as_json: bool) -> None:
    """Say what became of it at each camera; exit code 3 while one has not followed."""
    for camera, problem in told.items():
        say({"type": "camera", "id": camera, "problem": problem}, f"{camera}: {problem or 'done'}", as_json=as_json)
    if any(told.values()):
        raise SystemExit(OPERATOR_EXIT)


def main(words: Sequence[str] | None = None) -> None:
    """Run the command of these words (the program's own by default), or `run` where none is named."""
    given = list(sys.argv[1:] if words is None else words)
    runs = not given or (given[0].startswith("-") and given[0] != "--help")
    app(["run", *given] if runs else given)


if __name__ == "__main__":
    main()
