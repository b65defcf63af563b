"""Where the pictures come from and which model looks at them."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

from agent import schema
from agent.schema import setting


def _time_zone(raw: object) -> str:
    zone = schema.text(raw)
    if zone not in zoneinfo.available_timezones():
        raise schema.Bad(f"unknown time zone {schema.describe(raw)}", hint='such as "Europe/Berlin"')
    return zone


def _instance(raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch("[a-z0-9]{0,16}", raw):
        return raw
    raise schema.Bad(f"{schema.describe(raw)} cannot end an id", hint="lower-case letters and digits, at most 16")


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where the pictures come from."""

    name: str = setting(schema.name, "camera", help="what people call this camera")
    instance: str = setting(_instance, "", help="ends the id where several cameras run on one computer, each its own")
    source: str = setting(schema.text, "simulated", help="simulated, picamera, a file, rtsp://... or /dev/videoN")
    width: int = setting(schema.integer(64, 4096), 1280, help="width of the picture asked for, pixels")
    height: int = setting(schema.integer(64, 4096), 720, help="height of the picture asked for, pixels")
    fps: float = setting(schema.number(1, 60), 15.0, help="pictures a second asked for")
    scene: str = setting(schema.name, "shop", help="which scene the simulated camera shows")
    seed: int = setting(schema.integer(0, 2**31), 1, help="seed of the simulated scene")
    time_zone: str = setting(_time_zone, "UTC", help="the shop's time zone, for schedules")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which detector runs, and on what."""

    name: str = setting(schema.name, "person-m", help="a name from `aislewatch model list`")
    runtime: str = setting(schema.choice("auto", "litert", "tflite"), "auto", help="the inference library")
    device: str = setting(
        schema.choice("auto", "cpu", "edgetpu", "simulated"),
        "auto",
        help="where it runs; `simulated` is a stand-in for an accelerator, to try its faults",
    )
    fallback: str = setting(
        schema.name, "person-s", help="the model that takes over on the CPU where `name` was compiled for an Edge TPU"
    )
    threads: int = setting(schema.integer(1, 8), 1, help="threads of one inference")
    min_score: float | None = setting(schema.number(0.01, 0.99), None, help="instead of the model's own")
    confirm_score: float | None = setting(schema.number(0.01, 0.99), None, help="instead of the model's own")
