"""`python -m tools.flash card ...` writes a camera's card, `python -m tools.flash label ...` prints its label."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from agent.cli.boundary import guarded
from agent.errors import OperatorError
from agent.install import provision, templates
from agent.install.provision import Hub, Network, Provision, Radio
from tools.flash import label as labels
from tools.flash import target as targets
from tools.flash.card import check, check_starts, put_provision, write

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
@guarded
def card(
    image: Annotated[Path, typer.Argument(help="The image: .img, or packed as .zst, .xz or .gz.")],
    target: Annotated[Path, typer.Argument(help="The card's disk, such as /dev/sdb, or a file.")],
    place: Annotated[str, typer.Option(help="Where in the shop the camera hangs; it becomes its name.")] = "",
    time_zone: Annotated[str, typer.Option(help="The shop's time zone, such as Europe/Berlin.")] = "",
    configuration: Annotated[Path | None, typer.Option(help="A whole configuration file.")] = None,
    zones: Annotated[str, typer.Option(help=f"A zones template: {', '.join(templates.names())}, or a file.")] = "",
    address: Annotated[str, typer.Option(help="A fixed address with prefix; left out, the network is asked.")] = "",
    gateway: Annotated[str, typer.Option(help="The way out of the network.")] = "",
    dns: Annotated[list[str] | None, typer.Option(help="A name server; may come several times.")] = None,
    time_server: Annotated[list[str] | None, typer.Option(help="A time server; may come several times.")] = None,
    wifi: Annotated[str, typer.Option(help="The Wi-Fi's name; its passphrase is asked for.")] = "",
    wifi_passphrase: Annotated[Path | None, typer.Option(help="A file with the passphrase, instead.")] = None,
    country: Annotated[str, typer.Option(help="The country, for the radio's rules, such as DE.")] = "",
    hub_authority: Annotated[Path | None, typer.Option(help="The hub's authority (PEM) to pin.")] = None,
    store: Annotated[str, typer.Option(help="The shop's name at that hub.")] = "",
    hub: Annotated[str, typer.Option(help="That hub's name.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write to a disk that is not removable, too.")] = False,
) -> None:
    """Write a camera's card and check it. Without a hub's authority the camera waits to be paired."""
    radio = Radio(wifi, _passphrase(wifi_passphrase), country) if wifi else None
    told = Provision(
        place=place,
        time_zone=time_zone,
        configuration=configuration.read_text(encoding="utf-8") if configuration else "",
        zones=zones_told(zones),
        network=Network(address, gateway, tuple(dns or ()), tuple(time_server or ()), radio),
        hub=Hub(hub_authority.read_text(encoding="ascii"), store, hub) if hub_authority else None,
    )
    text = provision_text(told)
    provision.parse(text)
    flash(image, target, text, force=force)
    print(f"{target} is ready: put it into the camera at {place or 'its place'}, switch it on, wait two minutes")
    print("it belongs to its hub from the start" if told.hub else "then pair it: `aislewatch pair` on the camera")


@app.command()
@guarded
def label(
    code: Annotated[str, typer.Argument(help="The code that `aislewatch pair` shows on the camera.")],
    place: Annotated[str, typer.Option(help="Where in the shop the camera hangs.")] = "",
    out: Annotated[list[Path] | None, typer.Option(help="A file: .pdf, .png or .txt; may come several times.")] = None,
) -> None:
    """Print the label of a camera with the code that lets a hub take it (once, and for ten minutes)."""
    from agent.hub.claim_code import ClaimCode

    claim = ClaimCode.parse(code)
    lines = ["Aislewatch", place, f"id {claim.id}", *(f"key {part}" for part in _groups(claim.fp[:16]))]
    print(labels.text(code, lines))
    for path in out or []:
        labels.save(path, code, lines)


def flash(image: Path, target: Path, text: str, *, force: bool) -> None:
    """Write, read back, and put the provision on. Raises OperatorError."""
    targets.check(target, image.stat().st_size if image.is_file() else 0, force=force)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        writing = bar.add_task("writing", total=None)
        size, sha256 = write(image, target, lambda done: bar.update(writing, completed=done))
        reading = bar.add_task("checking", total=size)
        check(target, size, sha256, lambda done: bar.update(reading, completed=done))
    if text:
        put_provision(target, text)
    check_starts(target)


def zones_told(template: str) -> str:
    """A template's name as it is, or the content of the file that is named. Raises OperatorError."""
    if not template or template in templates.names():
        return template
    try:
        return Path(template).read_text(encoding="utf-8")
    except OSError as error:
        hint = f"templates by name: {', '.join(templates.names())}"
        raise OperatorError(f"there is no zones template {template}: {error.strerror}", hint=hint) from None


def provision_text(told: Provision) -> str:
    """A provision as the file on the card; "" where nothing is told."""
    if told == Provision():
        return ""
    kept = {key: value for key, value in msgspec.to_builtins(told).items() if value is not None}
    kept["network"] = {key: value for key, value in kept["network"].items() if value not in (None, "", ())}
    return _toml(kept)


def _toml(table: dict[str, object], path: str = "") -> str:
    """TOML of tables, texts and lists of texts; JSON's strings are TOML's."""
    lines, inner = [], []
    for key, value in table.items():
        if isinstance(value, dict):
            inner.append(f"[{path}{key}]\n" + _toml(value, f"{path}{key}."))
        else:
            lines.append(f"{key} = {msgspec.json.encode(value).decode()}\n")
    return "".join([*lines, *inner])


def _passphrase(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        raise OperatorError("the Wi-Fi's passphrase is asked for at a terminal", hint="or name --wifi-passphrase FILE")
    return getpass.getpass("Wi-Fi passphrase: ")


def _groups(fp: str) -> list[str]:
    return [" ".join(fp[i : i + 4] for i in range(start, start + 8, 4)) for start in range(0, len(fp), 8)]


if __name__ == "__main__":
    app()
