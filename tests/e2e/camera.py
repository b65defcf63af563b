"""A whole camera for tests: the simulated shop with a person where nobody should be, from the first second on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hal.board import LinuxBoard

CONFIG = """
[camera]
name = "test"
instance = "{instance}"
scene = "{scene}"
width = 640
height = 360
fps = 10
[api]
port = {port}
tls_port = {tls_port}
announce = {announce}
[storage]
data_dir = "{folder}"
[gpio]
driver = "latched"
[[zone]]
name = "everywhere"
kind = "restricted"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
report_dwell = true
[[rule]]
kind = "restricted"
zone = "everywhere"
severity = "critical"
actions = ["siren"]
[[output]]
name = "siren"
pin = 17
"""


def config_text(
    folder: Path, *, scene: str = "crowd", port: int = 0, tls_port: int = -1, announce: bool = False
) -> str:
    """A configuration whose siren goes on as soon as anybody is seen; its line is a file in `folder`/lines."""
    return CONFIG.format(
        folder=folder,
        instance=instance_of(folder),
        scene=scene,
        port=port,
        tls_port=tls_port,
        announce=str(announce).lower(),
    )


def instance_of(folder: Path) -> str:
    """What makes the id of the camera in this folder its own: others run on this computer at the same time."""
    return hashlib.sha256(bytes(folder)).hexdigest()[:12]


def id_of(folder: Path) -> str:
    """The id of the camera in this folder."""
    return LinuxBoard(str(folder), instance=instance_of(folder)).serial
