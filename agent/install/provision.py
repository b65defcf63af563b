"""The provision file of a card: what one camera is told before its first start: text in, values out.

`tools/flash` writes it onto the card's first partition, or an installer by hand; the first start takes it over and
wipes it. Without one the camera starts with the image's configuration and waits to be paired.
"""

from __future__ import annotations

import ipaddress
import re

import msgspec

from agent.config import parse_config
from agent.config_text import with_tables
from agent.errors import ConfigError, OperatorError
from agent.install import templates

NAME = "provision.toml"
_SSID_BYTES = 32
_PASSPHRASE = re.compile(r"[\x20-\x7e]{8,63}|[0-9a-fA-F]{64}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]{2,39}")


class Radio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shop's Wi-Fi; the passphrase is a secret."""

    ssid: str
    passphrase: str
    country: str


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the camera reaches the shop; without an address it asks the network (DHCP)."""

    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()
    time_servers: tuple[str, ...] = ()
    radio: Radio | None = None


class Hub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hub that this camera belongs to from its first start: its authority's certificate (PEM) is pinned."""

    authority: str
    store: str
    name: str


class Provision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one camera is told. `configuration` is a whole one, else `place` and `time_zone` fill the image's.

    `zones` is a template, or the name of one, whose tables take the place of the configuration's own.
    """

    place: str = ""
    time_zone: str = ""
    configuration: str = ""
    zones: str = ""
    network: Network = Network()
    hub: Hub | None = None


def parse(text: str) -> Provision:
    """The provision of a TOML text. Raises OperatorError, which names every mistake."""
    try:
        provision = msgspec.toml.decode(text, type=Provision)
    except msgspec.DecodeError as error:
        raise OperatorError(f"{NAME}: {error}", hint="docs/install-image.md tells every key") from None
    if mistakes := [*_network_mistakes(provision.network), *_configuration_mistakes(provision)]:
        raise OperatorError(f"{NAME} has mistakes:\n" + "\n".join(f"  {mistake}" for mistake in mistakes))
    return provision


def configuration(provision: Provision, default: str) -> str:
    """The configuration's text: the provision's own, or the image's with place and time zone filled in; then its zones.

    Raises OperatorError, ConfigError for a template that cannot be used.
    """
    text = provision.configuration or default
    if not provision.configuration:
        for key, value in (("name", provision.place), ("time_zone", provision.time_zone)):
            text = _with_camera_key(text, key, value) if value else text
    return with_tables(text, templates.tables_of(provision.zones)) if provision.zones else text


def network_unit(network: Network) -> str:
    """systemd-networkd's file for a fixed address; "" where the network is asked."""
    if not network.address:
        return ""
    lines = ["[Match]", "Name=en* eth* wl*", "", "[Network]", f"Address={network.address}"]
    lines += [f"Gateway={network.gateway}"] if network.gateway else []
    lines += [f"DNS={server}" for server in network.dns]
    return "\n".join([*lines, "MulticastDNS=no", "LLMNR=no", ""])


def time_unit(network: Network) -> str:
    """systemd-timesyncd's file for servers named by the installer; "" for none."""
    return f"[Time]\nNTP={' '.join(network.time_servers)}\n" if network.time_servers else ""


def radio_file(radio: Radio) -> str:
    """wpa_supplicant's configuration."""
    key = radio.passphrase if len(radio.passphrase) == 64 else f'"{radio.passphrase}"'
    return (
        f"country={radio.country}\nupdate_config=0\n"
        f"network={{\n\tssid={radio.ssid.encode().hex()}\n\tpsk={key}\n\tkey_mgmt=WPA-PSK SAE\n\tieee80211w=1\n}}\n"
    )


def _with_camera_key(text: str, key: str, value: str) -> str:
    """A configuration with one key of its [camera] table set; the table begins the image's configuration."""
    line = f"{key} = {msgspec.json.encode(value).decode()}"
    replaced, count = re.subn(rf"(?m)^{key} = .*$", lambda _: line, text, count=1)
    return replaced if count else text.replace("[camera]\n", f"[camera]\n{line}\n", 1)


def _configuration_mistakes(provision: Provision) -> list[str]:
    try:
        parse_config(configuration(provision, "[camera]\n"), source="configuration")
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    except OperatorError as error:
        return [f"zones: {error}" + (f" ({error.hint})" if error.hint else "")]
    return []


def _network_mistakes(network: Network) -> list[str]:
    mistakes = []
    try:
        if network.address:
            ipaddress.ip_interface(network.address)
            if "/" not in network.address:
                mistakes.append(f"network.address: {network.address} lacks its prefix, such as /24")
        for address in filter(None, (network.gateway, *network.dns)):
            ipaddress.ip_address(address)
    except ValueError as error:
        mistakes.append(f"network: {error}")
    mistakes += [f"network.time_servers: {name!r}" for name in network.time_servers if not _HOST.fullmatch(name)]
    radio = network.radio
    if radio is None:
        return mistakes
    if not 0 < len(radio.ssid.encode()) <= _SSID_BYTES:
        mistakes.append("network.radio.ssid: 1 to 32 bytes")
    if not _PASSPHRASE.fullmatch(radio.passphrase):
        mistakes.append("network.radio.passphrase: 8 to 63 printable characters, or 64 hexadecimal digits")
    if not re.fullmatch("[A-Z]{2}", radio.country):
        mistakes.append(f"network.radio.country: {radio.country!r} is no country's two letters")
    return mistakes
