"""A camera whose agent does not answer: its configuration, files, lines, board and clock, looked at from beside."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from agent.config import Config, parse_config
from agent.doctor.facts import Facts
from agent.doctor.files import files_facts, model_blind
from agent.doctor.network import loss_pct
from agent.errors import ConfigError, OperatorError
from agent.hardware import hal_settings
from agent.health.sampling import Figures, Sampling
from agent.models import store_of
from agent.version import VERSION
from hal import release_outputs
from hal.board import LinuxBoard
from hal.errors import HalError
from hal.ports import Board, Clock

UNIT = "aislewatch.service"
_SYSTEMCTL_S = 5.0


def absent_facts(path: Path, clock: Clock, board: Board | None = None) -> Facts:
    """One look. Outputs are driven off, as is right while nobody looks after them.

    Not while systemd says that somebody does.
    """
    config, mistakes = read_quietly(path)
    wall, service = clock.wall(), service_state()
    facts: dict[str, Any] = {
        "answers": False,
        "config": mistakes,
        "service": service,
        "utc_s": wall.utc_s,
        "synchronised": wall.synchronised,
        "version": VERSION,
        "loss_pct": loss_pct(),
    }
    if config is not None:
        watched = board or LinuxBoard(config.storage.data_dir, instance=config.camera.instance)
        facts |= {**files_facts(config), "readings": readings_of(watched, clock)}
        facts["model_blind"] = model_blind(config.model.name, store=store_of(config.storage.data_dir))
        facts |= {"serial": watched.serial, "board": watched.model}
        facts |= {} if service == "active" else {"lines_wrong": lines_wrong(config)}
    return Facts(**facts)


def read_quietly(path: Path) -> tuple[Config | None, tuple[str, ...]]:
    """A configuration file, or else what is wrong with it."""
    try:
        return parse_config(path.read_text(encoding="utf-8"), source=str(path)), ()
    except ConfigError as error:
        return None, tuple(map(str, error.problems))
    except UnicodeDecodeError:
        return None, (f"{path} is no text",)
    except (OSError, OperatorError) as error:
        return None, (f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",)


def readings_of(board: Board, clock: Clock) -> dict[str, float]:
    """The board's readings, by the names of `agent.health.readings`."""
    taken = Sampling().readings(clock.monotonic(), board.sample(), Figures())
    return {reading.metric: reading.value for reading in taken}


def lines_wrong(config: Config) -> str:
    """Why the outputs cannot be had; they are off afterwards. "" where they can."""
    try:
        release_outputs(hal_settings(config))
    except HalError as error:
        return str(error)
    return ""


def service_state() -> str | None:
    """What systemd says of the agent; None where there is no systemd."""
    command = ["systemctl", "is-active", UNIT]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_SYSTEMCTL_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() or None
