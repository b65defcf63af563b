"""Pairing over real connections: tokens, roles, rotation, revocation, letting go; and what each leaves in the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from agent.hub.claims import LASTS_S, TRIES
from agent.hub.pinning import pinned_context
from tests.forge import Forge
from tests.web.pairing_camera import PairingCamera, pairing_camera

WRONG = "A" * 26


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera") as opened:
        yield opened


@pytest.fixture
def hub(tmp_path: Path) -> Forge:
    return Forge(tmp_path, "hub")


async def test_a_hub_with_the_token_is_taken_and_a_stranger_sees_only_who_the_camera_is(
    camera: PairingCamera, hub: Forge
) -> None:
    before = await camera.ask("/v1/identity")
    assert (before.json["state"], before.json["tls"]) == ("unclaimed", "1")
    paired = await camera.pair(hub)
    assert paired.json == {"id": "cam0001", "fp": camera.device.fp, "state": "claimed"}
    assert (await camera.ask("/v1/identity")).json["state"] == "claimed"
    assert (await camera.ask("/v1/status")).status == 403
    assert (await camera.ask("/v1/status", hub.issue())).status == 200
    assert camera.what == ["claim", "paired"]
    assert camera.events[-1].data["hub"] == "hub-a"


@pytest.mark.parametrize("path", ["/v1/status", "/metrics", "/", "/v1/nothing", "/v1/clips", "/static/live.js"])
async def test_strangers_are_told_nothing(camera: PairingCamera, path: str) -> None:
    answer = await camera.ask(path)
    assert answer.status == 403
    assert "closed" in answer.text or "on the camera itself" in answer.text or "hub's own" in answer.text


@pytest.mark.parametrize("path", ["/v1/claim", "/v1/unpair", "/v1/factory-reset", "/v1/trust/revoked", "/v1/silence"])
async def test_strangers_change_nothing(camera: PairingCamera, path: str) -> None:
    assert (await camera.ask(path, said={"reason": "mischief", "confirm": "cam0001"})).status == 403
    assert not camera.reset.ordered.is_set()


async def test_a_token_counts_once(camera: PairingCamera, hub: Forge, tmp_path: Path) -> None:
    token = await camera.token()
    assert (await camera.pair(hub, token)).status == 200
    thief = Forge(tmp_path, "thief")
    assert (await camera.pair(thief, token)).status == 409
    assert (await camera.local("/v1/unpair", {"reason": "anew"})).status == 200
    assert (await camera.pair(thief, token)).status == 410
    assert not camera.trust.claimed


async def test_wrong_tokens_are_counted_and_close_the_claim(camera: PairingCamera, hub: Forge) -> None:
    token = await camera.token()
    for left in reversed(range(TRIES)):
        answer = await camera.pair(hub, WRONG)
        assert answer.status == 403
        assert f"{left} tries" in answer.text
    assert (await camera.pair(hub, token)).status == 429
    assert camera.what == ["claim", *["wrong_token"] * TRIES]
    assert (await camera.pair(hub)).status == 200  # a new claim


@pytest.mark.parametrize("token", ["", "!" * 26, "ÄÖÜ", "A" * 25, "A" * 64])
async def test_what_is_no_token_is_a_wrong_one(camera: PairingCamera, hub: Forge, token: str) -> None:
    await camera.token()
    said = {"token": token, "ca": hub.pem, "store": "shop", "hub": "hub-a"}
    assert (await camera.ask("/v1/pair", said=said)).status == 403


async def test_a_token_may_be_typed_in_small_letters_and_groups(camera: PairingCamera, hub: Forge) -> None:
    token = await camera.token()
    typed = "-".join(token[i : i + 4] for i in range(0, len(token), 4)).lower()
    assert (await camera.pair(hub, typed)).status == 200


async def test_a_claim_ends_by_itself_and_by_the_next_one(camera: PairingCamera, hub: Forge) -> None:
    first = await camera.token()
    second = await camera.token()
    assert (await camera.pair(hub, first)).status == 403
    camera.clock.sleep(LASTS_S)
    assert (await camera.pair(hub, second)).status == 410
    assert (await camera.pair(hub, first)).status == 410


async def test_of_many_who_bring_the_token_at_once_one_is_taken(camera: PairingCamera, tmp_path: Path) -> None:
    token = await camera.token()
    hubs = [Forge(tmp_path, f"hub-{n}") for n in range(8)]
    answers = await asyncio.gather(*(camera.pair(hub, token, hub=hub.name) for hub in hubs))
    taken = [hub for hub, answer in zip(hubs, answers, strict=True) if answer.status == 200]
    assert len(taken) == 1
    assert camera.trust.pins.authorities == (taken[0].pem,)
    assert {answer.status for answer in answers} <= {200, 409, 410}


async def test_a_token_is_not_wasted_on_an_authority_that_cannot_be_pinned(camera: PairingCamera, hub: Forge) -> None:
    token = await camera.token()
    client = hub.issue().read_text().partition("-----BEGIN CERTIFICATE")
    for pem in ("", "no certificate", client[1] + client[2], hub.pem + hub.pem):
        assert (await camera.pair(hub, token, ca=pem)).status == 422
    assert (await camera.pair(hub, token)).status == 200


async def test_a_token_is_not_taken_in_the_open(camera: PairingCamera, hub: Forge) -> None:
    said = {"token": await camera.token(), "ca": hub.pem, "store": "shop", "hub": "hub-a"}
    assert (await camera.local("/v1/pair", said)).status == 403
    assert not camera.trust.claimed


async def test_a_camera_with_a_hub_opens_no_claim(camera: PairingCamera, hub: Forge) -> None:
    await camera.pair(hub)
    refused = await camera.local("/v1/claim", {})
    assert refused.status == 409
    assert "hub-a" in refused.text


async def test_what_was_paired_is_kept_and_its_keys_are_for_their_owner_only(tmp_path: Path, hub: Forge) -> None:
    async with pairing_camera(tmp_path / "camera") as camera:
        await camera.pair(hub)
    async with pairing_camera(tmp_path / "camera") as again:
        assert again.device.fp == camera.device.fp
        assert (await again.ask("/v1/status", hub.issue())).status == 200
    kept = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "camera" / "identity").iterdir()}
    assert kept == {"key.pem": 0o600, "cert.pem": 0o644, "trust.json": 0o600}
    assert (tmp_path / "camera" / "identity").stat().st_mode & 0o777 == 0o700


async def test_a_token_does_not_outlive_a_restart(tmp_path: Path, hub: Forge) -> None:
    async with pairing_camera(tmp_path / "camera") as camera:
        token = await camera.token()
        assert token.encode() not in b"".join(path.read_bytes() for path in camera.folder.rglob("*") if path.is_file())
    async with pairing_camera(tmp_path / "camera") as again:
        assert (await again.pair(hub, token)).status == 410


async def test_a_technician_looks_but_does_not_take_evidence(camera: PairingCamera, hub: Forge) -> None:
    await camera.pair(hub)
    own = hub.issue("technician", "Kim")
    assert (await camera.ask("/v1/status", own)).status == 200
    assert (await camera.ask("/v1/link", own)).status == 403
    assert (await camera.ask("/v1/unpair", own, {"reason": "x"})).status == 403
    assert (await camera.ask("/v1/trust/revoked", own, {"serials": []})).status == 403


async def test_an_authority_is_exchanged_over_two_pins(camera: PairingCamera, hub: Forge, tmp_path: Path) -> None:
    await camera.pair(hub)
    new, path = Forge(tmp_path, "new"), "/v1/trust/authorities"
    old_own, new_own = hub.issue(), new.issue()
    assert (await camera.ask(path, old_own, {"authorities": [new.pem]})).status == 409
    assert (await camera.ask(path, old_own, {"authorities": [hub.pem, new.pem]})).status == 200
    assert (await camera.ask("/v1/status", old_own)).status == 200
    assert (await camera.ask("/v1/status", new_own)).status == 200
    assert (await camera.ask(path, new_own, {"authorities": [new.pem]})).status == 200
    with pytest.raises(aiohttp.ClientError):
        await camera.ask("/v1/status", old_own)
    assert (await camera.ask("/v1/status", new_own)).status == 200
    assert camera.what[-2:] == ["authorities", "authorities"]


@pytest.mark.parametrize("count", [0, 3])
async def test_one_or_two_authorities_are_pinned(camera: PairingCamera, hub: Forge, count: int) -> None:
    await camera.pair(hub)
    said = {"authorities": [hub.pem] * count}
    assert (await camera.ask("/v1/trust/authorities", hub.issue(), said)).status == 400


async def test_a_revoked_certificate_counts_no_more_at_once(camera: PairingCamera, hub: Forge) -> None:
    await camera.pair(hub)
    own, technician = hub.issue(), hub.issue("technician", "Kim")
    context = pinned_context(camera.device.fp, technician)
    async with aiohttp.ClientSession() as http, http.get(camera.url("/v1/status"), ssl=context) as response:
        assert response.status == 200
        await response.read()
        serial = hub.serials[technician].upper()
        assert (await camera.ask("/v1/trust/revoked", own, {"serials": [serial]})).json == {"revoked": 1}
        async with http.get(
            camera.url("/v1/status"), ssl=context
        ) as again:  # the connection was cut, a new one is made
            assert again.status == 403
    assert (await camera.ask("/v1/trust/revoked", own, {"serials": []})).status == 200
    assert (await camera.ask("/v1/status", technician)).status == 200


async def test_nobody_revokes_oneself(camera: PairingCamera, hub: Forge) -> None:
    await camera.pair(hub)
    own = hub.issue()
    assert (await camera.ask("/v1/trust/revoked", own, {"serials": [hub.serials[own]]})).status == 409
    assert (await camera.ask("/v1/status", own)).status == 200


@pytest.mark.parametrize("serials", [["0x12"], ["g"], [""], ["1" * 41], ["1"] * 5000])
async def test_lists_of_revoked_certificates_are_checked(camera: PairingCamera, hub: Forge, serials: list[str]) -> None:
    await camera.pair(hub)
    assert (await camera.ask("/v1/trust/revoked", hub.issue(), {"serials": serials})).status == 400


@pytest.mark.parametrize("where", ["hub", "camera"])
async def test_a_camera_is_let_go_by_its_hub_or_on_itself(camera: PairingCamera, hub: Forge, where: str) -> None:
    await camera.pair(hub)
    own, said = hub.issue(), {"reason": "the shop closes", "by": "kim"}
    answer = await (camera.ask("/v1/unpair", own, said) if where == "hub" else camera.local("/v1/unpair", said))
    assert answer.json == {"id": "cam0001", "state": "unclaimed"}
    assert camera.events[-1].data == {
        "what": "unpaired", "hub": "hub-a", "reason": "the shop closes", "by": "hub-a" if where == "hub" else "kim",
    }  # fmt: skip
    with pytest.raises(aiohttp.ClientError):
        await camera.ask("/v1/status", own)
    assert not (camera.folder / "identity" / "trust.json").exists()
    assert (await camera.local("/v1/unpair", said)).status == 409


async def test_what_a_change_takes_away_ends_on_open_connections(camera: PairingCamera, hub: Forge) -> None:
    await camera.pair(hub)
    context = pinned_context(camera.device.fp, hub.issue())
    async with aiohttp.ClientSession() as http, http.ws_connect(camera.url("/v1/link"), ssl=context) as link:
        assert (await link.receive()).type is aiohttp.WSMsgType.BINARY
        await camera.local("/v1/unpair", {"reason": "stolen"})
        async with asyncio.timeout(5):
            while not link.closed:
                await link.receive()
            assert link.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


async def test_a_factory_reset_is_confirmed_by_the_id_and_answered_before_it_begins(
    camera: PairingCamera, hub: Forge
) -> None:
    await camera.pair(hub)
    own = hub.issue()
    assert (await camera.ask("/v1/factory-reset", own, {"confirm": "cam0002", "reason": "sold"})).status == 409
    assert not camera.reset.ordered.is_set()
    answer = await camera.ask("/v1/factory-reset", own, {"confirm": "cam0001", "reason": "sold"})
    assert answer.json == {"id": "cam0001", "state": "resetting"}
    assert camera.reset.ordered.is_set()
    told = camera.events[-1]
    assert (told.kind, told.data["by"], told.data["reason"]) == ("factory_reset", "hub-a", "sold")


async def test_the_socket_knows_who_is_there(camera: PairingCamera) -> None:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(camera.socket))) as http,
        http.post("http://localhost/v1/claim", json={}) as response,
    ):
        assert response.status == 200
    assert camera.socket.stat().st_mode & 0o777 == 0o660
    assert camera.events[-1].data["by"]  # whose the process is


async def test_a_disk_that_takes_nothing_claims_nothing(camera: PairingCamera, hub: Forge) -> None:
    token = await camera.token()
    (camera.folder / "identity" / "trust.json.part").mkdir()
    answer = await camera.pair(hub, token)
    assert answer.status == 503
    assert not camera.trust.claimed
    (camera.folder / "identity" / "trust.json.part").rmdir()
    assert (await camera.pair(hub)).status == 200
