"""The MQTT broker that the camera tells what happens, besides its hub."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent import schema
from agent.schema import Bad, setting

_TOPIC = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def _topic(raw: object) -> str:
    word = schema.text(raw)
    if len(word) > 100 or not _TOPIC.fullmatch(word):
        hint = "letters, digits, '.', '_' and '-', parted by '/', such as \"shop7/aislewatch\""
        raise Bad(f"{schema.describe(raw)} is no beginning of a topic", hint=hint)
    return word


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """A broker that speaks MQTT 5, and how the camera proves to it who it is. Without `host` there is none."""

    host: str | None = setting(schema.text, None, help="name or address of the broker")
    port: int | None = setting(schema.integer(1, 65535), None, help="its port; by default 8883, without TLS 1883")
    tls: bool = setting(schema.flag, True, help="false only for a broker on this computer")
    ca: str | None = setting(schema.text, None, help="PEM file of who vouches for the broker; the system's by default")
    cert: str | None = setting(schema.text, None, help="PEM file of the certificate that the camera shows")
    key: str | None = setting(schema.text, None, help="PEM file of its key, readable for the agent alone")
    username: str | None = setting(schema.text, None, help="where the broker asks for a name instead")
    password_file: str | None = setting(schema.text, None, help="file of the password, readable for the agent alone")
    topic: str = setting(_topic, "aislewatch", help="what topics begin with; the camera's id follows")
    keepalive_s: int = setting(schema.integer(2, 300), 15, help="seconds after which a silent broker is asked")
    commands: bool = setting(schema.flag, False, help="take orders: arm, silence, outputs on and off")
    home_assistant: bool = setting(schema.flag, False, help="let Home Assistant find the camera")
    discovery: str = setting(_topic, "homeassistant", help="what Home Assistant's own topics begin with")
    onvif: bool = setting(schema.flag, False, help="tell what has an ONVIF name under that name, too")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the host is empty where there is no broker."""
        return self.host or "", self.port or (8883 if self.tls else 1883)
