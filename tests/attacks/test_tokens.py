"""Tokens: guessed, replayed, too late, at the same time, over an open line. Only the one that is shown counts, once."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from agent.errors import OperatorError
from agent.hub.authority import Authority
from agent.hub.claiming import claim
from agent.hub.claims import LASTS_S, TRIES
from agent.hub.keyring import Keyring
from agent.hub.remote import Refused
from agent.hub.upkeep import unpair
from tests.attacks.shop import Camera, Said, claimed_by, hub_keys

WRONG = "A" * 26


def pairing(token: str, keyring: Keyring) -> Said:
    return {"token": token, "ca": keyring.authority().pem, "store": "shop-1", "hub": "hub-a"}


async def test_a_guess_is_counted_and_after_five_even_the_right_token_is_refused(
    shop_camera: Camera, keyring: Keyring
) -> None:
    code = await shop_camera.shows()
    statuses = [(await shop_camera.ask("/v1/pair", pairing(WRONG, keyring)))[0] for _ in range(TRIES + 1)]
    assert statuses == [403] * TRIES + [429]
    with pytest.raises(Refused) as refused:
        await claim(keyring, code)
    assert refused.value.status == 429
    assert not shop_camera.claimed
    assert len(await shop_camera.noted("wrong_token")) == TRIES


async def test_guesses_at_the_same_time_are_no_more_than_five(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    guesses = (shop_camera.ask("/v1/pair", pairing(WRONG, keyring)) for _ in range(15))
    statuses = [status for status, _ in await asyncio.gather(*guesses)]
    assert (statuses.count(403), statuses.count(429)) == (TRIES, 15 - TRIES)
    with pytest.raises(Refused):
        await claim(keyring, code)


async def test_the_answer_to_a_guess_says_nothing_of_the_token(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    almost = code.token[:-2] + ("AA" if code.token[-2:] != "AA" else "EA")
    near = await shop_camera.ask("/v1/pair", pairing(almost, keyring))
    far = await shop_camera.ask("/v1/pair", pairing(WRONG, keyring))
    assert near[1].replace("4 tries", "3 tries") == far[1]
    assert code.token not in near[1] + far[1]


async def test_a_token_that_was_used_is_worth_nothing(shop_camera: Camera, keyring: Keyring, tmp_path: Path) -> None:
    code = await shop_camera.shows()
    await claim(keyring, code)
    thief = hub_keys(tmp_path / "thief", "hub-t")
    assert (await shop_camera.ask("/v1/pair", pairing(code.token, thief)))[0] == 409
    await unpair(keyring, code.id, "sold")
    assert (await shop_camera.ask("/v1/pair", pairing(code.token, thief)))[0] == 410
    await shop_camera.shows()
    assert (await shop_camera.ask("/v1/pair", pairing(code.token, thief)))[0] == 403
    assert not shop_camera.claimed


async def test_a_token_ends_with_its_time(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    shop_camera.clock.ahead_s = LASTS_S - 1
    assert (await shop_camera.ask("/v1/pair", pairing(WRONG, keyring)))[0] == 403, "a second before, it is awaited"
    shop_camera.clock.ahead_s = LASTS_S + 1
    with pytest.raises(Refused) as refused:
        await claim(keyring, code)
    assert refused.value.status == 410
    assert not shop_camera.claimed


async def test_a_new_token_ends_the_one_before(shop_camera: Camera, keyring: Keyring) -> None:
    first, second = await shop_camera.shows(), await shop_camera.shows()
    assert (await shop_camera.ask("/v1/pair", pairing(first.token, keyring)))[0] == 403
    await claim(keyring, second)
    assert shop_camera.claimed


async def test_of_many_hubs_with_one_token_exactly_one_gets_the_camera(shop_camera: Camera, tmp_path: Path) -> None:
    code = await shop_camera.shows()
    hubs = [hub_keys(tmp_path / f"keys-{n}", f"hub-{n}") for n in range(8)]
    results = await asyncio.gather(*(claim(hub, code) for hub in hubs), return_exceptions=True)
    winners = [hub for hub, result in zip(hubs, results, strict=True) if not isinstance(result, BaseException)]
    assert len(winners) == 1
    assert all(isinstance(result, Refused) for result in results if isinstance(result, BaseException))
    paired = await shop_camera.noted("paired")
    assert [one["hub"] for one in paired] == [winners[0].trust().hub]


async def test_without_a_claim_there_is_nothing_to_guess(shop_camera: Camera, keyring: Keyring) -> None:
    assert (await shop_camera.ask("/v1/pair", pairing(WRONG, keyring)))[0] == 410


async def test_a_stranger_cannot_have_a_token_shown(shop_camera: Camera) -> None:
    status, words = await shop_camera.ask("/v1/claim", {})
    assert (status, "on the camera itself" in words) == (403, True)


async def test_a_claimed_camera_shows_no_token(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    status, words = await shop_camera.locally("/v1/claim", {})
    assert (status, "belongs to hub-a" in words) == (409, True)


async def test_a_token_is_not_taken_over_an_open_line(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    status, _ = await shop_camera.locally("/v1/pair", pairing(code.token, keyring))
    assert status == 403
    with pytest.raises(OperatorError):
        await claim(keyring, replace(code, port=int(shop_camera.running.url.rpartition(":")[2])))
    assert not shop_camera.claimed


async def test_what_cannot_be_pinned_does_not_use_the_token_up(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    own = Authority.open(keyring.folder, 1).own.read_text()
    leaf = own[own.index("-----BEGIN CERTIFICATE") :]
    for ca in ("", "no certificate", leaf, keyring.authority().pem * 2):
        said = {"token": code.token, "ca": ca, "store": "shop-1", "hub": "hub-a"}
        assert (await shop_camera.ask("/v1/pair", said))[0] == 422, ca
    assert not shop_camera.claimed
    await claim(keyring, code)


async def test_a_token_for_another_key_never_leaves_the_hub(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    with pytest.raises(OperatorError, match="not the camera of the claim"):
        await claim(keyring, replace(code, fp="0" * 64))
    assert await shop_camera.noted("paired") == []
    assert await shop_camera.noted("wrong_token") == []


async def test_the_door_speaks_nothing_before_tls_1_3(shop_camera: Camera, keyring: Keyring) -> None:
    code, old = await shop_camera.shows(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.post(shop_camera.url("/v1/pair"), json=pairing(code.token, keyring), ssl=old)
    assert await shop_camera.noted("wrong_token") == []
    assert not shop_camera.claimed
