"""A hub claims a camera over TLS, and keeps the trust between them true: against a door written after the contract."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import LinkClosed, OperatorError
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.keyring import Keyring
from agent.hub.pinning import pinned_context
from agent.hub.remote import CertificateRefused, Impostor, Refused, Remote, request
from agent.hub.upkeep import bring_up_to_date, issue, revoke, rotate, tell, unpair
from hal.system import SystemClock
from tests.hub.tls_peer import TOKEN, TlsPeer

NOW_S = SystemClock().wall().utc_s


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[TlsPeer]:
    async with TlsPeer("cam0001", tmp_path / "cameras").serving() as peer:
        yield peer


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "keys", "hub-a", "shop-1")


def paths(camera: TlsPeer) -> list[str]:
    return [path for path, _, _ in camera.requests]


async def test_a_claimed_camera_takes_the_hub_and_the_pin_survives(camera: TlsPeer, keyring: Keyring) -> None:
    pin = await claim(keyring, camera.code())
    assert camera.requests[0] == (
        "/v1/pair",
        "stranger",
        {"token": TOKEN, "ca": keyring.authority().pem, "store": "shop-1", "hub": "hub-a"},
    )
    reopened = Keyring.open(keyring.folder, "hub-a", "shop-1")
    assert reopened.pin("cam0001") == pin
    assert await Remote(reopened, pin).get("/v1/status") == {"state": "claimed"}
    assert camera.requests[-1][1] == "hub"


async def test_the_key_is_compared_before_anything_is_sent(camera: TlsPeer, keyring: Keyring) -> None:
    with pytest.raises(OperatorError, match="not the camera of the claim"):
        await claim(keyring, camera.code(fp="0" * 64))
    assert camera.requests == []
    assert keyring.pin("cam0001") is None


async def test_a_wrong_token_is_told_in_the_cameras_words_and_nothing_is_kept(
    camera: TlsPeer, keyring: Keyring
) -> None:
    with pytest.raises(Refused, match="4 tries are left"):
        await claim(keyring, camera.code(token="B" * 26))
    assert keyring.trust().cameras == {}


async def test_a_camera_that_is_off_is_not_kept(keyring: Keyring, tmp_path: Path) -> None:
    absent = TlsPeer("cam0009", tmp_path / "cameras", port=9)
    with pytest.raises(OperatorError, match="does not answer"):
        await claim(keyring, absent.code())
    assert keyring.trust().cameras == {}


async def test_claiming_again_what_is_ours_is_no_mistake(camera: TlsPeer, keyring: Keyring) -> None:
    pin = await claim(keyring, camera.code())
    assert await claim(keyring, camera.code(token=TOKEN)) == pin


async def test_what_another_hub_has_claimed_is_not_ours(camera: TlsPeer, keyring: Keyring, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path / "other", "hub-b", "shop-2")
    await claim(keyring, camera.code())
    with pytest.raises(Refused, match="claimed already"):
        await claim(other, camera.code(token=TOKEN))
    assert other.trust().cameras == {}


async def test_another_key_under_a_known_name_needs_a_word(camera: TlsPeer, keyring: Keyring, tmp_path: Path) -> None:
    await claim(keyring, camera.code())
    async with TlsPeer("cam0001", tmp_path / "reset").serving() as reset:
        with pytest.raises(OperatorError, match="with another key"):
            await claim(keyring, reset.code())
        assert reset.requests == []
        await claim(keyring, reset.code(), replace=True)
    found = keyring.pin("cam0001")
    assert found is not None
    assert found.fp == reset.fp


async def test_a_foreign_hubs_certificate_is_told_apart_from_a_camera_that_is_off(
    camera: TlsPeer, keyring: Keyring, tmp_path: Path
) -> None:
    pin = await claim(keyring, camera.code())
    other = Keyring.open(tmp_path / "other", "hub-a", "shop-1")
    with pytest.raises(CertificateRefused):
        await Remote(other, pin).get("/v1/status")


async def test_an_impostor_at_the_cameras_address_is_sent_nothing(
    camera: TlsPeer, keyring: Keyring, tmp_path: Path
) -> None:
    await claim(keyring, camera.code())
    async with TlsPeer("cam0001", tmp_path / "impostor").serving() as impostor:
        found = keyring.pin("cam0001")
        assert found is not None
        moved = type(found)(found.id, found.fp, "127.0.0.1", impostor.port, found.authority)
        with pytest.raises(Impostor):
            await Remote(keyring, moved).get("/v1/status")
        assert impostor.requests == []


async def test_a_camera_that_moved_is_looked_for(camera: TlsPeer, keyring: Keyring, tmp_path: Path) -> None:
    await claim(keyring, camera.code())
    found = keyring.pin("cam0001")
    assert found is not None
    async with TlsPeer("cam0001", tmp_path / "impostor").serving() as impostor:

        async def look(name: str) -> list[str]:
            assert name == "cam0001"
            return [f"https://127.0.0.1:{impostor.port}", f"https://127.0.0.1:{camera.port}"]

        gone = type(found)(found.id, found.fp, "127.0.0.1", 9, found.authority)
        assert await Remote(keyring, gone, look).get("/v1/status") == {"state": "claimed"}
        assert impostor.requests == []


async def test_tls_1_2_is_not_spoken(camera: TlsPeer, keyring: Keyring) -> None:
    context = pinned_context(camera.fp)
    old = camera.context()
    old.minimum_version, old.maximum_version = context.minimum_version.TLSv1_2, context.maximum_version.TLSv1_2
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=old)
    async with server:
        with pytest.raises(LinkClosed):
            await request(context, "GET", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/status")


async def test_passes_are_issued_and_revoked(camera: TlsPeer, keyring: Keyring, tmp_path: Path) -> None:
    pin = await claim(keyring, camera.code())
    out = tmp_path / "kim.pem"
    made = issue(keyring, "Kim", 8, NOW_S, out)
    assert made.until_utc_s == NOW_S + 8 * 3600
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="takes a hub"):
        await request(pinned_context(pin.fp, out), "GET", pin.url("/v1/status"))
    assert camera.requests[-1][1] == "technician"
    assert revoke(keyring, "kim") == [made]
    assert await tell(keyring) == {"cam0001": ""}
    assert camera.revoked == [made.serial]
    with pytest.raises(Refused):
        await request(pinned_context(pin.fp, out), "GET", pin.url("/v1/status"))
    assert camera.requests[-1][1] == "stranger"


async def test_a_camera_that_was_off_learns_of_revocations_later_and_once(
    camera: TlsPeer, keyring: Keyring, tmp_path: Path
) -> None:
    issue(keyring, "Kim", 8, NOW_S, tmp_path / "kim.pem")
    revoke(keyring, "Kim")
    pin = await claim(keyring, camera.code())
    assert camera.revoked == list(keyring.trust().revoked)
    known = keyring.pin(pin.id)
    assert known is not None
    await bring_up_to_date(keyring, known)
    assert paths(camera).count("/v1/trust/revoked") == 1


def test_nobody_of_that_name(keyring: Keyring) -> None:
    with pytest.raises(OperatorError, match="no pass was issued"):
        revoke(keyring, "nobody")


async def test_a_new_authority_comes_over_two_pins(camera: TlsPeer, keyring: Keyring, tmp_path: Path) -> None:
    pin = await claim(keyring, camera.code())
    issue(keyring, "Kim", 8, NOW_S, tmp_path / "kim.pem")
    revoke(keyring, "Kim")
    before = keyring.authority()
    assert await rotate(keyring) == {"cam0001": ""}
    sent = [said["authorities"] for path, _, said in camera.requests if path == "/v1/trust/authorities"]
    assert sent == [[before.pem, keyring.authority().pem], [keyring.authority().pem]]
    trust = keyring.trust()
    assert (trust.authorities, trust.passes, trust.revoked) == ((2,), (), ())
    assert trust.cameras["cam0001"].authority == 2
    assert not before.own.exists()
    assert await Remote(keyring, trust.cameras["cam0001"]).get("/v1/status") == {"state": "claimed"}
    with pytest.raises(OperatorError, match="cannot be used"):
        await Remote(keyring, pin).get("/v1/status")
    with pytest.raises(CertificateRefused):
        await request(pinned_context(pin.fp, tmp_path / "kim.pem"), "GET", pin.url("/v1/status"))


async def test_a_camera_that_is_off_follows_later_and_is_not_lost(
    camera: TlsPeer, keyring: Keyring, tmp_path: Path
) -> None:
    await claim(keyring, camera.code())
    late = TlsPeer("cam0002", tmp_path / "cameras")
    async with late.serving():
        await claim(keyring, late.code())
    told = await rotate(keyring)
    assert (told["cam0001"], bool(told["cam0002"])) == ("", True)
    assert keyring.trust().authorities == (1, 2)
    async with late.serving():
        assert await Remote(keyring, keyring.trust().cameras["cam0002"]).get("/v1/status") == {"state": "claimed"}
        assert await rotate(keyring) == {"cam0002": ""}
    assert keyring.trust().authorities == (2,)


async def test_a_lost_answer_to_the_last_step_is_no_dead_end(camera: TlsPeer, keyring: Keyring) -> None:
    pin = await claim(keyring, camera.code())
    await rotate(keyring)
    await rotate(keyring)
    number = keyring.trust().authorities[-1]
    # As if the hub had died between the camera's change and its own note of it.
    old = type(keyring.authority()).make(keyring.folder, number - 1, "hub-a")
    lost = keyring.trust().with_camera(type(pin)(pin.id, pin.fp, pin.host, pin.port, old.number))
    keyring.change(lambda _: type(lost)(lost.hub, lost.store, (old.number, number), lost.cameras))
    assert await rotate(keyring) == {"cam0001": ""}
    assert await Remote(keyring, keyring.trust().cameras["cam0001"]).get("/v1/status") == {"state": "claimed"}


async def test_a_camera_is_let_go(camera: TlsPeer, keyring: Keyring) -> None:
    await claim(keyring, camera.code())
    await unpair(keyring, "cam0001", "sold")
    assert camera.requests[-1] == ("/v1/unpair", "hub", {"reason": "sold"})
    assert keyring.pin("cam0001") is None


async def test_a_dead_camera_is_forgotten_only_when_asked(keyring: Keyring, tmp_path: Path) -> None:
    dead = TlsPeer("cam0002", tmp_path / "cameras")
    async with dead.serving():
        await claim(keyring, dead.code())
    with pytest.raises(OperatorError, match="was not told"):
        await unpair(keyring, "cam0002", "broken")
    assert keyring.pin("cam0002") is not None
    await unpair(keyring, "cam0002", "broken", forget=True)
    assert keyring.pin("cam0002") is None


def test_the_folder_is_the_owners_alone(keyring: Keyring) -> None:
    assert stat.S_IMODE(keyring.folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in keyring.folder.glob("*.*")}
    assert {name for name, mode in modes.items() if mode == 0o600} >= {"authority-1.pem", "hub-1.pem", "trust.json"}


def test_a_broken_list_is_said_and_not_replaced(keyring: Keyring) -> None:
    (keyring.folder / "trust.json").write_text("{")
    with pytest.raises(OperatorError, match="cannot be read"):
        Keyring.open(keyring.folder, "hub-a", "shop-1")


names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
tokens = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=26, max_size=26)
prints = st.binary(min_size=32, max_size=32).map(bytes.hex)
hosts = st.sampled_from(["192.168.1.20", "aislewatch-1.local", "fe80::1", "::1", "fe80::1%eth0"])


@given(names, prints, tokens, hosts, st.integers(1, 65535))
def test_a_claim_code_says_what_it_was_made_of(name: str, fp: str, token: str, host: str, port: int) -> None:
    code = ClaimCode(name, fp, token, host, port)
    assert ClaimCode.parse(f" {code.text()}\n") == code


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(OperatorError):
        ClaimCode.parse(text)


def test_a_refused_code_is_not_quoted() -> None:
    secret = ClaimCode("cam", "a" * 64, TOKEN, "h", 1).text()[:-1] + "x"
    with pytest.raises(OperatorError) as refused:
        ClaimCode.parse(secret)
    assert TOKEN not in str(refused.value) + refused.value.hint


async def test_plain_http_is_not_spoken_to_a_claimed_camera(camera: TlsPeer, keyring: Keyring) -> None:
    await claim(keyring, camera.code())
    received: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(65536))
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        pin = camera.code(port=server.sockets[0].getsockname()[1])
        found = keyring.pin("cam0001")
        assert found is not None
        with pytest.raises(LinkClosed):
            await Remote(keyring, type(found)(found.id, found.fp, pin.host, pin.port, found.authority)).get("/x")
    assert received
    assert all(text.startswith(b"\x16\x03") for text in received), "a TLS record and nothing readable"


async def test_the_context_does_not_verify_by_name_or_date(camera: TlsPeer, keyring: Keyring) -> None:
    pin = await claim(keyring, camera.code())
    async with (
        aiohttp.ClientSession() as http,
        http.get(pin.url("/v1/status"), ssl=Remote(keyring, pin).context()) as response,
    ):
        assert response.status == 200
