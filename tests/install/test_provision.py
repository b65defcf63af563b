"""The provision file: what an installer may write, and what a camera makes of it at its first start."""

import getpass
import tomllib
from pathlib import Path

import msgspec
import pytest

from agent.config import parse_config
from agent.errors import OperatorError
from agent.hub.authority import Authority
from agent.install import provision, templates
from agent.install.firstboot import COMPLAINT, Places, take_over
from agent.install.provision import Network, Provision, Radio

DEFAULT = '[camera]\nname = "camera"\nsource = "simulated"\n\n[api]\nplain = false\n'
RADIO = Radio('Shop "5"', "correct horse battery", "DE")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    default = tmp_path / "usr/config.toml"
    default.parent.mkdir()
    default.write_text(DEFAULT)
    for name in ("etc", "data", "card"):
        (tmp_path / name).mkdir()
    return Places(tmp_path / "etc/config.toml", default, tmp_path / "network", tmp_path / "data", getpass.getuser())


def start(places: Places, told: str | None) -> Path:
    """A first start with this provision on the card; the card."""
    card = places.data.parent / "card"
    if told is not None:
        (card / provision.NAME).write_text(told)
    take_over(card, places, "cam7")
    return card


def test_without_a_provision_the_image_configuration_holds(places: Places) -> None:
    start(places, None)
    assert places.config.read_text() == DEFAULT
    assert (places.network / "hostname").read_text() == "aislewatch-cam7\n"
    assert not (places.data / "identity").exists()


def test_place_and_time_zone_fill_the_configuration(places: Places) -> None:
    start(places, 'place = "aisle-3"\ntime_zone = "Europe/Berlin"\n')
    camera = parse_config(places.config.read_text()).camera
    assert (camera.name, camera.time_zone, camera.source) == ("aisle-3", "Europe/Berlin", "simulated")


def test_a_whole_configuration_replaces_the_image_s(places: Places) -> None:
    start(places, f"configuration = {msgspec.json.encode(DEFAULT + 'port = 9').decode()}\n")
    assert parse_config(places.config.read_text()).api.port == 9


@pytest.mark.parametrize("name", templates.names())
def test_a_zones_template_by_name_is_drawn_into_the_image_s_configuration(places: Places, name: str) -> None:
    start(places, f'place = "{name}-1"\nzones = "{name}"\n')
    config = parse_config(places.config.read_text())
    assert config.camera.name == f"{name}-1"
    assert name in {zone.name for zone in config.zones}
    assert config.rules
    assert not [output for rule in config.rules for output in rule.actions]


def test_a_template_of_ones_own_takes_the_place_of_what_was_drawn(places: Places) -> None:
    whole = DEFAULT + '[[zone]]\nname = "old"\npolygon = [[0, 0], [1, 0], [1, 1]]\n'
    whole += '[[line]]\nname = "far"\npoints = [[0, 0], [1, 0]]\n'
    own = '[[zone]]\nname = "vault"\nkind = "restricted"\npolygon = [[0, 0], [1, 0], [1, 1]]\n'
    texts = {"configuration": whole, "zones": own}
    start(places, "".join(f"{key} = {msgspec.json.encode(text).decode()}\n" for key, text in texts.items()))
    config = parse_config(places.config.read_text())
    assert [zone.name for zone in config.zones] == ["vault"]
    assert [line.name for line in config.lines] == ["far"]


def test_network_time_and_radio_are_kept_for_root_alone(places: Places) -> None:
    start(
        places,
        '[network]\naddress = "10.1.2.3/24"\ngateway = "10.1.2.1"\ndns = ["10.1.2.1"]\ntime_servers = ["10.1.2.1"]\n'
        '[network.radio]\nssid = "Shop"\npassphrase = "correct horse battery"\ncountry = "DE"\n',
    )
    unit = (places.network / "10-shop.network").read_text()
    assert "Address=10.1.2.3/24\nGateway=10.1.2.1\nDNS=10.1.2.1\n" in unit
    assert (places.network / "servers.conf").read_text() == "[Time]\nNTP=10.1.2.1\n"
    assert 'psk="correct horse battery"' in (places.network / "wpa_supplicant.conf").read_text()
    assert {path.stat().st_mode & 0o777 for path in places.network.iterdir()} == {0o600}


def test_a_hub_is_pinned_as_pairing_would(places: Places) -> None:
    pem = Authority.make(places.data.parent, 1, "hub-12").pem
    start(places, f"[hub]\nauthority = '''{pem}'''\nstore = \"12\"\nname = \"hub-12\"\n")
    pins = msgspec.json.decode((places.data / "identity/trust.json").read_bytes())
    assert (pins["hub"], pins["store"], pins["authorities"]) == ("hub-12", "12", [pem])


def test_what_was_taken_over_is_wiped_from_the_card(places: Places) -> None:
    card = start(places, 'place = "a"\n')
    assert [*card.iterdir()] == []
    take_over(card, places, "cam7")
    assert 'name = "a"' in places.config.read_text()


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("place = 1", "place"),
        ("colour = 1", "colour"),
        ("not toml", "provision.toml"),
        ('time_zone = "Mars/Olympus"', "time_zone"),
        ('[network]\naddress = "10.0.0.1"', "/24"),
        ('[network]\naddress = "10.0.0/24"', "network"),
        ('[network]\ntime_servers = ["a b"]', "time_servers"),
        ('[network.radio]\nssid = "s"\npassphrase = "short"\ncountry = "DE"', "passphrase"),
        ('[network.radio]\nssid = "s"\npassphrase = "long enough"\ncountry = "Germany"', "country"),
        ('configuration = "[camera]\\nfps = 0"', "fps"),
        ('zones = "entrence"', "no zones template is called 'entrence' (did you mean"),
        ('zones = "[[zone]]\\nname = 1"', "zone[0]"),
        ('zones = "[[zone"', "TOML"),
        ('zones = "[api]\\nplain = true"', "a zones template has no api"),
        ('zones = "[[rule]]\\nkind = \\"restricted\\"\\nzone = \\"vault\\""', "vault"),
        ('[hub]\nauthority = "x"\nstore = ""\nname = ""', ""),
    ],
)
def test_mistakes_stand_on_the_card_and_nothing_is_wiped(places: Places, told: str, word: str) -> None:
    card = start(places, told)
    assert word in (card / COMPLAINT).read_text()
    assert (card / provision.NAME).read_text() == told
    assert places.config.read_text() == DEFAULT
    assert not (places.data / "identity").exists()


def test_a_corrected_provision_is_taken_at_the_next_start(places: Places) -> None:
    start(places, "place = 1")
    card = start(places, 'place = "till-4"')
    assert 'name = "till-4"' in places.config.read_text()
    assert [*card.iterdir()] == []


def test_the_radio_file_cannot_be_broken_out_of() -> None:
    text = provision.radio_file(RADIO)
    assert RADIO.ssid.encode().hex() in text
    with pytest.raises(OperatorError, match="passphrase"):
        provision.parse('[network.radio]\nssid = "s"\npassphrase = "a\\nnetwork={x}"\ncountry = "DE"')


def test_a_radio_key_of_64_digits_stands_bare() -> None:
    assert f"psk={'a' * 64}\n" in provision.radio_file(Radio("s", "a" * 64, "DE"))


def test_nothing_told_is_nothing() -> None:
    assert provision.parse("") == Provision(network=Network())
    assert tomllib.loads(provision.configuration(Provision(), DEFAULT)) == tomllib.loads(DEFAULT)
