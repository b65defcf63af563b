"""What the keeping of evidence is made with, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.domain import Event, HealthSample
from agent.evidence.audit import AuditLog
from agent.evidence.job import OpenMuxer
from agent.evidence.manifest import Maker
from agent.evidence.recovery import Examine
from agent.keys import DeviceKey
from agent.tables.evidence import EvidenceConfig
from hal.ports import Clock

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Tools:
    """`announce` journals an event and answers with its place once it is durable; `report` only hands in."""

    config: EvidenceConfig
    folder: Path
    clock: Clock
    key: DeviceKey
    audit: AuditLog
    maker: Maker
    method: Callable[[], str]
    open_muxer: OpenMuxer
    examine: Examine
    announce: Callable[[Event], Future[Any]]
    report: Callable[[HealthSample], None]


@dataclass(slots=True)
class KeeperCounts:
    """Since the start."""

    stored: int = 0
    recovered: int = 0
    erased: int = 0
    empty: int = 0
    disk_failures: int = 0
