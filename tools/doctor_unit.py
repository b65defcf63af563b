"""A camera on the bench of the doctor's score: real files, kernel trees and pictures, in which faults are put."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from agent.config import parse_config
from agent.doctor.absent import read_quietly
from agent.doctor.facts import Ending, Facts, Line, Picture, Told
from agent.doctor.files import files_facts
from agent.durable import write_durably
from agent.events.store import Store
from agent.fitting.aim import look
from agent.health.sampling import Figures, Sampling
from agent.hub.authority import Authority
from agent.hub.identity_key import DeviceIdentity
from agent.hub.trust import Pins
from agent.version import VERSION
from hal.board import LinuxBoard
from hal.ports import HalSettings, Yuv420
from hal.simulated.camera import SimulatedCamera
from hal.simulated.degrade import FAULTS
from hal.system import KernelClock, SystemClock

SERIAL = "10000000a1b2c3d4"
NOW_UTC_S = 1_800_000_000.0
DISK_MB = 29_000.0
CONFIG = """
[camera]
name = "bench"
[model]
name = "person-s"
[storage]
data_dir = "{data}"
[[output]]
name = "siren"
pin = 17
"""
TREE = {
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/device-tree/serial-number": f"{SERIAL}\0",
    "proc/meminfo": "MemTotal:        3884368 kB\nMemAvailable:    2911548 kB\n",
    "proc/self/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n",
    "sys/class/thermal/thermal_zone0/temp": "52341\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "sys/block/mmcblk0/device/type": "SD\n",
    "sys/block/mmcblk0/device/life_time": "0x01 0x01\n",
}
"""What the kernel of a healthy board shows."""


@dataclass(slots=True)
class Unit:
    """A camera. A fault writes into its files and its kernel's tree, or changes what its agent measures."""

    folder: Path
    config_text: str
    picture: Picture
    figures: Figures
    disk_free_mb: float = 24_000.0
    running: dict[str, Any] = field(default_factory=dict)
    ends: list[Ending] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def write(self, name: str, text: str) -> None:
        """A file of the kernel's tree, or any other below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def say(self, what: str, state: str = "fault", detail: str = "") -> None:
        """The camera's own watch has found something."""
        self.told[what] = Told(state, detail)

    def stop(self) -> None:
        """The agent does not run."""
        self.running["answers"] = False

    def facts(self) -> Facts:
        """What the doctor sees of it."""
        path = self.folder / "config.toml"
        path.write_text(self.config_text)
        config, mistakes = read_quietly(path)
        if config is None:
            return Facts(answers=False, config=mistakes, version=VERSION, utc_s=NOW_UTC_S, synchronised=True)
        facts = {**files_facts(config), **RUNNING, "picture": self.picture, "readings": self._readings()}
        facts |= {"told": self.told, **self.running}
        facts["ends"] = (*facts["ends"], *self.ends)
        facts["earliest_utc_s"] = min(facts["earliest_utc_s"], NOW_UTC_S)
        return Facts(**(facts if facts["answers"] else facts | ABSENT))

    def _readings(self) -> dict[str, float]:
        clock = KernelClock(True, 0.02, -6.0)
        board = LinuxBoard("/data", root=self.folder, vcgencmd="none", clock=lambda: clock)
        sample = dataclasses.replace(board.sample(), disk_free_mb=self.disk_free_mb, disk_total_mb=DISK_MB)
        taken = Sampling().readings(SystemClock().monotonic(), sample, self.figures)
        return {reading.metric: reading.value for reading in taken}


RUNNING: dict[str, Any] = {
    "answers": True,
    "uptime_s": 3600.0,
    "serial": SERIAL,
    "version": VERSION,
    "newest": VERSION,
    "config": (),
    "receiving": True,
    "fallback": "",
    "outputs": (Line("siren"),),
    "lines_wrong": "",
    "utc_s": NOW_UTC_S,
    "synchronised": True,
    "loss_pct": 0.0,
    "heard": True,
    "hubs": 1,
    "foreign": 0,
}
ABSENT: dict[str, Any] = dict.fromkeys(
    ("uptime_s", "receiving", "fallback", "outputs", "picture", "heard", "hubs", "foreign", "newest")
) | {"told": {}}
"""What nobody can tell of a camera whose agent does not run."""
FIGURES = Figures(
    fps=15.0, fps_share=99.0, drop_pct=0.5, restarts_per_day=0, journal_in_memory=False, outputs_faulted=0
)


def healthy_unit(folder: Path) -> Unit:
    """A camera that is well, claimed by a hub."""
    unit = Unit(folder, CONFIG.format(data=folder / "data"), picture_of("good"), FIGURES)
    for name, text in TREE.items():
        unit.write(name, text)
    unit.data.mkdir()
    config = parse_config(unit.config_text)
    Store(unit.data / "journal.db", config.storage.max_events).close()
    identity = DeviceIdentity.open(unit.data, SERIAL)
    write_durably(identity.pins, msgspec.json.encode(Pins("shop", "hub-a", (_authority(),))), mode=0o600)
    return unit


@functools.cache
def _authority() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return Authority.make(Path(folder), 1, "hub-a").pem


@functools.cache
def picture_of(kind: str) -> Picture:
    """The figures of a rendered picture: `good`, or with a fault of `hal.simulated.degrade`."""
    settings = HalSettings("simulated", width=640, height=360, fps=10, paced=False)
    camera = SimulatedCamera(settings, SystemClock())
    camera.open()
    frame = camera.read(1.0)
    assert frame is not None
    luma = frame.main.y
    if kind != "good":
        luma = FAULTS[kind][1](luma, np.random.default_rng(1))
    aim = look(Yuv420(luma, frame.main.u, frame.main.v))
    return Picture(aim.sharpness, aim.exposure, aim.mean, aim.spread)
