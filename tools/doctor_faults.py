"""The faults of the doctor's score: each put into a healthy unit as far down as it can be."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import models
from agent.build import Detectors
from agent.doctor.facts import Line
from agent.doctor.files import model_wrong, pass_ends
from agent.hub.authority import Authority
from agent.models import Catalogue
from agent.tables.camera import ModelConfig
from hal.errors import OutputUnavailable
from hal.gpio import GpioOutputs
from hal.ports import LineSettings
from hal.simulated import accelerator
from hal.system import SystemClock
from tools.doctor_unit import NOW_UTC_S, Unit, picture_of


class Injected(NamedTuple):
    """A fault: the check that has to name it first, and how it is put in."""

    check: str
    put: Callable[[Unit], None]


def no_camera(unit: Unit) -> None:
    """A source that is not there: no pictures, and none to measure."""
    unit.config_text = unit.config_text.replace('name = "bench"', 'name = "bench"\nsource = "/dev/video77"')
    unit.running |= {"receiving": False}
    unit.say("signal_loss", detail="cannot open /dev/video77")
    unit.running["picture"] = None
    unit.figures = unit.figures._replace(fps=None, fps_share=None, drop_pct=None)


def black_picture(unit: Unit) -> None:
    """The cap is on the lens."""
    unit.picture = picture_of("cap")
    unit.say("covered", detail="all of the picture is hidden")


def out_of_focus(unit: Unit) -> None:
    """The lens is turned."""
    unit.picture = picture_of("blur")
    unit.say("defocused", detail="detail is lost all over the picture")


def wrong_model_hash(unit: Unit) -> None:
    """A bit of the model's file has tipped: the agent does not start."""
    unit.running["model_wrong"] = _damaged_model()
    unit.stop()


@functools.cache
def _damaged_model() -> str:
    spec = Catalogue.load().spec("person-s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(models.DIRECTORY / "manifest.toml", folder)
        content = bytearray((models.DIRECTORY / spec.file).read_bytes())
        content[1000] ^= 1
        (folder / spec.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / spec.file).write_bytes(content)
        return model_wrong("person-s", folder)


def no_accelerator(unit: Unit) -> None:
    """It is unplugged: the CPU works in its place, more slowly."""
    unit.running["fallback"] = _degraded()
    unit.say("accelerator", "warning", _degraded())
    unit.figures = unit.figures._replace(fps_share=55.0, drop_pct=45.0)


@functools.cache
def _degraded() -> str:
    with tempfile.TemporaryDirectory() as name:
        faults = Path(name) / "accelerator"
        accelerator.strike(faults, accelerator.Fault.LOSS)
        detectors = Detectors(ModelConfig(name="person-s", device="simulated"), SystemClock(), faults=str(faults))
        return detectors.open().accelerator_info.degraded


def pin_busy(unit: Unit) -> None:
    """Another program holds the siren's line: the agent does not start."""
    unit.running["lines_wrong"] = _claimed_twice()
    unit.stop()


@functools.cache
def _claimed_twice() -> str:
    from gpiozero.pins.mock import MockFactory

    factory, lines = MockFactory(), {"siren": LineSettings(17)}
    holder = GpioOutputs(lines, factory)
    try:
        GpioOutputs(lines, factory)
    except OutputUnavailable as error:
        return str(error)
    finally:
        holder.close()
    raise AssertionError("a line was claimed twice")


def siren_stuck(unit: Unit) -> None:
    """The relay does not follow."""
    unit.running["outputs"] = (Line("siren", "driven on but reads off"),)
    unit.figures = unit.figures._replace(outputs_faulted=1)


def disk_full(unit: Unit) -> None:
    """Nothing more fits: events stay in memory, nothing is recorded."""
    unit.disk_free_mb = 0.4
    unit.running["unwritable"] = f"{unit.data} cannot be written: No space left on device"
    _unkept(unit)


def read_only(unit: Unit) -> None:
    """The file system gave up writing."""
    unit.write("proc/self/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n")
    unit.running["unwritable"] = f"{unit.data} cannot be written: Read-only file system"
    _unkept(unit)


def _unkept(unit: Unit) -> None:
    unit.figures = unit.figures._replace(journal_in_memory=True)
    unit.say("StorageFailure", detail="events do not reach the disk")
    unit.say("evidence_storage", detail="nothing is recorded")


def wear(unit: Unit) -> None:
    """The card says that its life is over."""
    unit.write("sys/block/mmcblk0/device/life_time", "0x0a 0x0b\n")


def clock_wrong(unit: Unit) -> None:
    """The board begins in 1970 and no time server answers."""
    unit.running |= {"utc_s": 300.0, "synchronised": False}


def no_ntp(unit: Unit) -> None:
    """No time server answers."""
    unit.running["synchronised"] = False


def no_hub(unit: Unit) -> None:
    """The hub is off."""
    unit.running["hubs"] = 0


def wrong_authority(unit: Unit) -> None:
    """The hub was set up anew and comes with another authority's certificate."""
    unit.running |= {"hubs": 0, "foreign": 7}


def mdns_blocked(unit: Unit) -> None:
    """The access point passes no multicast: the hub finds no camera."""
    unit.running |= {"heard": False, "hubs": 0}


def hot(unit: Unit) -> None:
    """Too hot: the firmware slows the processor down."""
    unit.write("sys/class/thermal/thermal_zone0/temp", "85600\n")
    unit.write("sys/devices/platform/soc/soc:firmware/get_throttled", "60006\n")
    unit.figures = unit.figures._replace(fps_share=48.0, drop_pct=52.0)


def under_voltage(unit: Unit) -> None:
    """A weak supply: slowed down, and restarted again and again."""
    unit.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    unit.figures = unit.figures._replace(fps_share=60.0, drop_pct=30.0, restarts_per_day=6)


def low_fps(unit: Unit) -> None:
    """The sensor gives fewer pictures than it should."""
    unit.figures = unit.figures._replace(fps=4.0, fps_share=26.0)


def corrupt_journal(unit: Unit) -> None:
    """A page of the database is overwritten while the agent is away."""
    path = unit.data / "journal.db"
    content = bytearray(path.read_bytes())
    content[100:3000] = bytes(2900)
    path.write_bytes(content)
    unit.stop()


def bad_config(unit: Unit) -> None:
    """A slip of the pen."""
    unit.config_text = unit.config_text.replace("[camera]", '[camera]\nfsp = "fast"')


def expired_certificate(unit: Unit) -> None:
    """The technician's pass ended yesterday."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "kim.pass"
        file.write_bytes(Authority.make(folder, 1, "hub-a").technician("kim", NOW_UTC_S - 86_400).pem)
        if (end := pass_ends(file)) is not None:
            unit.ends.append(end)


def low_memory(unit: Unit) -> None:
    """Something eats the memory; the walk stutters."""
    unit.write("proc/meminfo", "MemTotal:        3884368 kB\nMemAvailable:     111548 kB\n")
    unit.figures = unit.figures._replace(drop_pct=30.0)


def packet_loss(unit: Unit) -> None:
    """A bad cable: the hub's link does not stand."""
    unit.running |= {"loss_pct": 42.0, "hubs": 0}


def old_version(unit: Unit) -> None:
    """Another version was installed, and the camera not restarted."""
    unit.running["newest"] = "99.1.0"


def unreadable_certificate(unit: Unit) -> None:
    """The camera's own key is garbage: there is no door for the hub."""
    (unit.data / "identity" / "cert.pem").write_bytes(b"\xff\xfe garbage")
    unit.running["hubs"] = 0
    unit.say("identity", detail="no hub can come")


FAULTS: dict[str, Injected] = {
    "no camera": Injected("camera", no_camera),
    "black picture": Injected("black", black_picture),
    "out of focus": Injected("defocused", out_of_focus),
    "wrong model hash": Injected("model", wrong_model_hash),
    "no accelerator": Injected("accelerator", no_accelerator),
    "pin busy": Injected("pin_busy", pin_busy),
    "siren line stuck": Injected("outputs", siren_stuck),
    "disk full": Injected("disk_space", disk_full),
    "read-only": Injected("storage_read_only", read_only),
    "wear": Injected("storage_wear", wear),
    "clock wrong": Injected("clock", clock_wrong),
    "no NTP": Injected("ntp", no_ntp),
    "no hub": Injected("hub", no_hub),
    "wrong CA": Injected("authority", wrong_authority),
    "mDNS blocked": Injected("mdns", mdns_blocked),
    "hot": Injected("TemperatureCritical", hot),
    "under-voltage": Injected("PowerSupplyFailure", under_voltage),
    "low fps": Injected("frame_rate", low_fps),
    "corrupt journal": Injected("journal", corrupt_journal),
    "bad config": Injected("config", bad_config),
    "expired certificate": Injected("certificates", expired_certificate),
    "low memory": Injected("memory", low_memory),
    "packet loss": Injected("loss", packet_loss),
    "old version": Injected("version", old_version),
    "unreadable certificate": Injected("identity", unreadable_certificate),
}
"""Those of the issue, by its names."""
