"""What goes to support holds no secret and no picture: shown by planting both."""

from __future__ import annotations

import io
import string
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.bundling import archived, files_of
from agent.cli.scrubbing import HIDDEN, scrubbed, scrubbed_text, secrets_in
from tests.cli.camera import aislewatch
from tests.e2e.camera import config_text
from tests.e2e.test_commands import lives_of

pytestmark = pytest.mark.timeout(120)
TOKEN = "T0ken-of-the-door-button-4711"
PASSWORD = "hunter2-of-the-recorder"
PLANTED = f"""
[[input]]
name = "door"
kind = "door"
token = "{TOKEN}"
[[till]]
terminal = "1"
zone = "till"
token = "{TOKEN}-till"
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0, 0], [1, 0], [1, 1]]
"""
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----"


BROKER = """
[mqtt]
host = "127.0.0.1"
port = 9
tls = false
username = "shop-4"
password_file = "{folder}/broker.password"
[hub]
call = "127.0.0.1:9"
"""
WIFI = "psk-of-the-shops-own-network"


async def test_nothing_planted_is_in_the_archive_of_a_whole_camera(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text(config_text(tmp_path, tls_port=0) + PLANTED + BROKER.format(folder=tmp_path))
    (tmp_path / "broker.password").write_text(PASSWORD)
    (tmp_path / "shop.nmconnection").write_text(f"[wifi-security]\npsk={WIFI}\n")
    out = tmp_path / "support.zip"
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        (claim,) = (await aislewatch("pair", "--host", "192.0.2.1", "--json", url=url)).json
        said = await aislewatch("bundle", "--out", out, "--json", url=url)
        assert said.code == 0, said
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        files = {name.removeprefix("aislewatch-support/"): archive.read(name) for name in archive.namelist()}
    assert {"camera.toml", "status.json", "health.json", "logs.json", "metrics.txt", "README.txt"} <= files.keys()
    everything = b"".join(files.values())
    keys = keys_below(tmp_path)
    assert keys, "the camera has keys that could leak"
    assert b"127.0.0.1" in files["camera.toml"], "the broker is named"
    for secret in (
        TOKEN,
        PASSWORD,
        WIFI,
        claim["token"],
        *(line for key in keys for line in key.splitlines() if len(line) > 30),
    ):
        assert secret.encode() not in everything
    assert files["camera.toml"].decode().count(HIDDEN) == 3, "two tokens, and where the broker's password lies"
    for picture in (b"\xff\xd8\xff", b"\x89PNG", b"ftyp", b"data:image"):
        assert picture not in everything
    assert not {"tracks", "box", "jpeg"} & names_in(msgspec.json.decode(files["status.json"]))


def keys_below(folder: Path) -> list[str]:
    """What the camera keeps to itself."""
    return [path.read_text() for path in folder.rglob("*.pem")]


def names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*map(str, value), *(name for inner in value.values() for name in names_in(inner))}
    return {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()


def test_secrets_are_left_out_wherever_they_stand() -> None:
    config = f'[camera]\nsource = "rtsp://admin:{PASSWORD}@192.0.2.7/1"\n[[input]]\ntoken = "{TOKEN}"\n'
    broker = f"the broker refused user shop-4, password={PASSWORD}-mqtt; hub_token: {TOKEN}-hub"
    logs = {"lines": [{"text": f"refused {TOKEN}; {PEM}; tried {PASSWORD}; {broker}"}], "wifi": {"psk": "12345678abc"}}
    claim = "AISLEWATCH:1:cam:" + "0" * 64 + ":" + "A" * 26 + ":192.0.2.1:8743"
    facts = {
        "logs": logs,
        "status": {"camera": {"source": f"rtsp://admin:{PASSWORD}@192.0.2.7/1"}, "api_key": "abcdefgh"},
        "metrics.txt": f"Authorization: Bearer {TOKEN}x\npassword={PASSWORD}\n{claim}",
    }
    files = files_of(facts, config, {"aim": f"no camera answers at https://kim:{PASSWORD}@x"})
    everything = archived_text(files)
    for secret in (TOKEN, PASSWORD, "-mqtt", f"{TOKEN}-hub", "MIGHAgEAMBMG", "12345678abc", "abcdefgh", "A" * 26):
        assert secret not in everything, secret
    assert "192.0.2.7" in everything, "what is no secret stays"


def archived_text(files: dict[str, str]) -> str:
    with zipfile.ZipFile(io.BytesIO(archived(files))) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


SECRETS = st.text(string.ascii_letters + string.digits + "-_.", min_size=8, max_size=40)


@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_survives_nowhere(secret: str, before: str, after: str) -> None:
    planted = {"token": secret, "inner": [{"note": before + secret + after, secret: 1}]}
    assert secret in set(secrets_in(planted))
    assert secret not in str(scrubbed(planted, [secret])).replace(HIDDEN, "")
    assert secret not in scrubbed_text(f"{before}{secret}{after}", [secret]).replace(HIDDEN, "")


def test_ordinary_words_stay() -> None:
    text = "the till in zone spirits, at http://192.0.2.1:8723/v1/status, has 3 keys to press"
    assert scrubbed_text(text) == text
    assert scrubbed({"journal": {"last_seq": 3}, "name": "test"}) == {"journal": {"last_seq": 3}, "name": "test"}
