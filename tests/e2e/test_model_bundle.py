"""A whole camera takes a signed model over, and goes back to the one before when its trial is cut short."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.events.wire import EventBody, decode_body
from agent.models.bundles import signing
from agent.models.bundles.parcel import read_parcel
from agent.models.bundles.shelf import Shelf
from tests.cli.camera import Said, aislewatch
from tests.e2e.camera import config_text
from tests.models.signers import made, signer, spoilt_files
from tests.models.spoilt import zeroed
from tools.loopback import free_port

pytestmark = pytest.mark.timeout(240)
OURS = signer()
REASON = "model bundle person-s-v2, signed by CN=Releases"


class Shop:
    """A camera in a process of its own, its configuration, and what it trusts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "camera.toml"
        self.port = free_port()
        self.config.write_text(config_text(folder, port=self.port) + '[model]\nname = "person-s"\n')
        (folder / "keyring.pem").write_bytes(OURS.pem)
        self.trust = {signing.VARIABLE: str(folder / "keyring.pem")}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def model(self) -> str:
        """The model that the configuration names now."""
        return str(tomllib.loads(self.config.read_text())["model"]["name"])

    def shelf(self) -> list[str]:
        folder = self.folder / "models/bundles"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    async def update(self, bundle: bytes) -> Said:
        """Give it a bundle, as somebody on the camera does."""
        path = self.folder / "new.model"
        path.write_bytes(bundle)
        return await aislewatch("update", path, "--json", url=self.url, **self.trust)

    async def status(self) -> dict[str, Any] | None:
        """What it says; None while it does not answer."""
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{self.url}/v1/status") as answer:
                return dict(await answer.json()) if answer.status == 200 else None
        except (aiohttp.ClientError, OSError):
            return None

    async def uses(self, model: str) -> None:
        """Wait until it answers, finding people with this model."""
        async with asyncio.timeout(60):
            while (status := await self.status()) is None or status["model"]["name"] != model:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert status["model"]["degraded"] == ""

    def trials(self) -> list[tuple[str, str]]:
        """How trials ended and what they were for, as a hub reads it; once the camera has ended."""
        with closing(sqlite3.connect(self.folder / "journal.db")) as base:
            bodies = [decode_body(row[0]) for row in base.execute("SELECT body FROM events ORDER BY seq")]
        events = [body.data for body in bodies if isinstance(body, EventBody) and body.kind == "config_trial"]
        return [(str(data["state"]), str(data["reason"])) for data in events]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The camera's process; ended in order where it still runs."""
        command = (sys.executable, "-m", "agent", "run", "--config", str(self.config))
        with (self.folder / "log").open("ab") as log:
            camera = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, env={**os.environ, **self.trust}
            )
        try:
            yield camera
        finally:
            if camera.returncode is None:
                camera.terminate()
            await camera.wait()


async def test_a_model_is_taken_over_kept_listed_and_never_older(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.running():
        await shop.uses("person-s")
        refused = await shop.update(made(signer("Somebody else")))
        assert (refused.code, "does not trust" in refused.err, shop.shelf()) == (3, True, [])
        kept = await shop.update(made(OURS, "2"))
        assert kept.code == 0, kept
        bundle, trial = kept.json
        assert (bundle["name"], bundle["golden"], trial["state"]) == ("person-s-v2", True, "confirmed")
        assert "trying it" in kept.err
        await shop.uses("person-s-v2")
        assert (shop.model, shop.shelf()) == ("person-s-v2", ["person-s-v2"])
        again, older = await shop.update(made(OURS, "2")), await shop.update(made(OURS, "1.9"))
        assert (again.code, "in use already" in again.err) == (3, True)
        assert (older.code, "not newer than 2" in older.err) == (3, True)
    assert shop.trials() == [("confirmed", REASON)]


async def test_a_model_that_does_not_see_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.running():
        await shop.uses("person-s")
        refused = await shop.update(made(OURS, files=spoilt_files(zeroed)))
        assert (refused.code, shop.shelf(), shop.model) == (3, [], "person-s")
        assert "person-s-v2 does not see: it finds 0 of the 5 people on its reference picture" in refused.err


async def test_one_that_came_past_the_judge_is_taken_back_by_its_trial(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    path = tmp_path / "blind.model"
    path.write_bytes(made(OURS, files=spoilt_files(zeroed)))
    Shelf(tmp_path / "models").put(read_parcel(path, (OURS.certificate,)))
    async with shop.running():
        await shop.uses("person-s")
        tried = await aislewatch("model", "use", "person-s-v2", "--reason", "try", "--json", url=shop.url, **shop.trust)
        assert (tried.code, tried.json[-1]["state"]) == (1, "rolled_back"), tried
        assert "model person-s-v2 does not see" in tried.json[-1]["why"]
        await shop.uses("person-s")


async def test_a_trial_that_is_cut_short_brings_the_model_before_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.running() as camera:
        await shop.uses("person-s")
        asking = asyncio.create_task(shop.update(made(OURS, "2")))
        await shop.uses("person-s-v2")
        camera.send_signal(signal.SIGKILL)
        await camera.wait()
        assert shop.model == "person-s-v2"
        async with shop.running():
            await shop.uses("person-s")
            assert shop.model == "person-s"
            back = await asking
            assert (back.code, back.json[-1]["state"]) == (1, "rolled_back"), back
            assert shop.shelf() == []
            assert (await shop.update(made(OURS, "2"))).code == 0
            await shop.uses("person-s-v2")
    assert shop.trials() == [("rolled_back", REASON), ("confirmed", REASON)]
