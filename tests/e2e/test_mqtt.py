"""A whole camera at a real broker: its incident, its states, Home Assistant's view, and an order that silences it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.app import Running, run_camera
from agent.config import parse_config
from hal.system import SystemClock
from tests.e2e.camera import config_text
from tests.mqtt.rig import client, listening
from tools.benchmarks.mosquitto import mosquitto, no_mosquitto

pytestmark = pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())

MQTT = """
[mqtt]
host = "127.0.0.1"
port = {port}
tls = false
commands = true
home_assistant = true
onvif = true
"""


async def test_a_camera_tells_a_broker_and_is_silenced_by_it(tmp_path: Path) -> None:
    stop, running = asyncio.Event(), asyncio.get_running_loop().create_future()
    with mosquitto(tmp_path) as broker:
        config = parse_config(
            config_text(tmp_path / "data").replace("pin = 17", 'pin = 17\nrole = "siren"')
            + MQTT.format(port=broker.port)
        )
        async with listening(broker.port, "#") as heard, client(broker.port, identifier="shop") as shop:
            camera = asyncio.create_task(run_camera(config, stop, running.set_result))
            up: Running = await running
            base = f"aislewatch/{up.status.identity().id}"
            await heard.until(lambda: heard.shown(f"{base}/state/alarm").get("on") is True, 60)
            await heard.until(lambda: heard.last(f"{base}/incident/restricted") is not None)
            await heard.until(lambda: (heard.shown(f"{base}/state/occupancy/everywhere").get("people") or 0) > 0)
            assert heard.last(f"{base}/status") == b"online"
            assert heard.shown(f"{base}/info")["name"] == "test"
            siren = [one for one in heard.messages if one[0].startswith("homeassistant/siren/")]
            assert json.loads(siren[0][1])["state_topic"] == f"{base}/state/output/siren"
            await heard.until(lambda: bool(heard.bodies(f"{base}/onvif-ej/RuleEngine/FieldDetector/")))
            order = {"do": "silence", "reason": "tested"}
            command = {"order": order, "expires_utc_s": SystemClock().wall().utc_s + 10, "by": "kim"}
            await shop.publish(f"{base}/command", json.dumps(command), qos=1)
            await heard.until(lambda: heard.shown(f"{base}/result").get("outcome") == "ok")
            assert heard.shown(f"{base}/result")["data"] == {"silenced": ["siren"]}
            await heard.until(
                lambda: any(one.get("ended") == "silenced" for one in heard.bodies(f"{base}/event/output"))
            )
            facts = up.status.facts()["mqtt"]
            assert isinstance(facts, dict)
            assert facts["connected"] is True
            stop.set()
            await camera
            await heard.until(lambda: heard.last(f"{base}/status") == b"offline")
