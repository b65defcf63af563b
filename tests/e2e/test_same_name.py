"""Two cameras of one name whose networks become one: both are found, one takes another name, and their hub hears it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.events.wire import EventBody
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from tests.e2e.camera import config_text, id_of
from tests.e2e.network import Shop, inside, shop, why_not
from tests.e2e.programs import hub, program
from tests.faults.eventful_camera import pair

TLS = 8743


@pytest.fixture
def two() -> Iterator[Shop]:
    if reason := why_not():
        pytest.skip(reason)
    with shop(2) as made:
        yield made


def configured(folder: Path, device: Path) -> Path:
    """A camera with data of its own that goes by the name of another folder's."""
    folder.mkdir()
    text = config_text(device, scene="empty", port=8723, tls_port=TLS, announce=True).replace(str(device), str(folder))
    path = folder / "camera.toml"
    path.write_text(text.replace("[api]", '[api]\ntls_host = "::"'))
    return path


async def found(namespace: str, id: str) -> dict[str, list[str]]:
    """The names under which cameras of this id are found, and where each of them is."""
    process = await asyncio.create_subprocess_exec(
        *inside(namespace), sys.executable, "-m", "agent", "find", "--json", stdout=subprocess.PIPE
    )
    told, _ = await process.communicate()
    cameras = [json.loads(line) for line in told.splitlines()]
    return {one["name"]: one["addresses"] for one in cameras if one["facts"]["id"] == id}


@pytest.mark.slow
async def test_two_cameras_of_one_name_come_together(two: Shop, tmp_path: Path) -> None:
    one, other, id = tmp_path / "one", tmp_path / "other", id_of(tmp_path)
    configs = [configured(folder, tmp_path) for folder in (one, other)]
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(one, id, keyring, ("10.77.0.10", TLS))
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e")
    run = ("-m", "agent", "run", "--config")
    two.plug(0, in_=True)
    async with (
        program(inside(two.cameras[0]), *run, str(configs[0])),
        program(inside(two.cameras[1]), *run, str(configs[1])),
        hub(inside(two.hub), tmp_path, id, *options) as output,
    ):
        await output.until(lambda: output.linked_at("10.77.0.10"))
        async with asyncio.timeout(60):
            while await found(two.hub, id) != {f"aislewatch-{id}": ["10.77.0.10"]}:
                pass
            two.plug(1, in_=True)
            names: dict[str, list[str]] = {}
            while sorted(names.values()) != [["10.77.0.10"], ["10.77.0.11"]]:
                names = await found(two.hub, id)
            while not (told := conflicts(tmp_path, id)):  # noqa: ASYNC110 - a database sends no event
                await asyncio.sleep(0.1)
        assert all(re.fullmatch(rf"aislewatch-{id}(-[0-9a-f]{{8}})?", name) for name in names)
        assert told[0]["name"] == f"aislewatch-{id}"
        assert told[0]["other"] in ("10.77.0.11", f"port {TLS} at aislewatch-{id}.local")
        assert not output.linked_at("10.77.0.11"), "the hub's link goes by the key"


def conflicts(folder: Path, id: str) -> list[dict[str, object]]:
    """What the hub has been told of another camera of that name."""
    with Ledger(folder / "hub.db") as ledger:
        bodies = [record.body for record in ledger.events(id)]
    return [dict(body.data) for body in bodies if isinstance(body, EventBody) and body.kind == "name_conflict"]
