"""Who the camera is and whom it trusts, as the app holds it; without a key of its own there is no TLS door."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.config import Config
from agent.domain import Event, HealthSample, HealthState, Severity
from agent.errors import OperatorError
from agent.hub.identity import Identity
from agent.hub.identity_key import DeviceIdentity
from agent.hub.trust import CameraTrust
from agent.version import VERSION
from hal.ports import Board, Clock

WHAT = "identity"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keyed:
    """The key, and whom its holder trusts."""

    device: DeviceIdentity
    trust: CameraTrust


@dataclass(frozen=True, slots=True)
class Standing:
    """`keyed` is None where the camera has no TLS door, or can have no key."""

    id: str
    model: str
    keyed: Keyed | None

    @classmethod
    def open(
        cls, config: Config, board: Board, clock: Clock, report: Callable[[Event | HealthSample], None]
    ) -> Standing:
        """Made at the first start. That no key can be kept is reported: the camera watches and alarms all the same."""
        if config.api.tls_port < 0:
            return cls(board.serial, board.model, None)
        now_s = clock.monotonic()
        try:
            device = DeviceIdentity.open(Path(config.storage.data_dir), board.serial)
        except OperatorError as error:
            log.error("no hub can come: %s (%s)", error, error.hint)
            report(HealthSample(WHAT, HealthState.FAULT, now_s, now_s, 1.0, f"no hub can come: {error}"))
            return cls(board.serial, board.model, None)
        if device.renewed:
            report(Event("pairing", now_s, Severity.INFO, {"what": "new_identity", "fp": device.fp}))
        return cls(board.serial, board.model, Keyed(device, CameraTrust.open(device.pins, clock)))

    def identity(self) -> Identity:
        """The public facts as they are now."""
        if self.keyed is None:
            return Identity(self.id, self.model, VERSION)
        state, fp = self.keyed.trust.state, self.keyed.device.fp[:16]
        return Identity(self.id, self.model, VERSION, state=state, fp=fp, tls=True)
