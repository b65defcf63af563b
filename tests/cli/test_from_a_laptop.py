"""The same commands from another computer: by address, over TLS, with a technician's pass, and never without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.hub.claiming import claim
from agent.hub.keyring import Keyring
from agent.hub.upkeep import issue
from hal.system import SystemClock
from tests.cli.camera import aislewatch
from tests.e2e.test_pairing import camera

pytestmark = pytest.mark.timeout(150)


async def test_a_technician_works_over_tls_with_a_pass(tmp_path: Path) -> None:
    keyring, own = Keyring.open(tmp_path / "keys", "hub-a", "shop-1"), tmp_path / "kim.pem"
    async with camera(tmp_path / "camera") as lives:
        pin = await claim(keyring, await lives.code())
        issue(keyring, "Kim", 8, SystemClock().wall().utc_s, own)
        where = f"127.0.0.1:{pin.port}"
        stranger = await aislewatch("aim", "--for", "0", url=where)
        assert (stranger.code, "--pass FILE" in stranger.err) == (3, True)
        with_pass = ("--pass", own, "--json")
        (aim,) = (await aislewatch("aim", "--for", "0", *with_pass, url=where)).json
        assert aim["exposure"] == "ok"
        said = await aislewatch("walk-test", "--for", "8", "--out", tmp_path / "record", *with_pass, url=where)
        assert said.json[-1]["record"]["made"]["by"] == "Kim", "the name on the pass, whoever else it is said to be"
        told = await aislewatch(
            "events", "tail", "--for", "3", "--recent", "--json", url=where, AISLEWATCH_PASS=str(own)
        )
        assert (told.code, told.out != "") == (0, True), told
        closed = await aislewatch("incidents", *with_pass, url=where)
        assert (closed.code, "hub's own certificate" in closed.err) == (3, True)


async def test_a_name_that_nobody_answers_to_is_told(tmp_path: Path) -> None:
    said = await aislewatch("status", url="no-such-camera")
    assert (said.code, "no camera called no-such-camera" in said.err) == (3, True)
