"""The judge of a new system: `aislewatch-update-confirm.service` runs it at a start that has an update to decide on.

It ends with 0 when nothing is left to be done, and with 1 when this system has to be left: systemd restarts then, and
the boot chooser takes the slot before.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from agent.cli.asking import ask
from agent.cli.options import HERE
from agent.errors import OperatorError
from agent.update import engine, slots
from agent.update.engine import Machine, Store
from agent.update.report import leave_word
from agent.update.slots import Phase, Record
from agent.update.wellness import complaints

DATA = Path("/var/lib/aislewatch")
EVERY_S = 5.0
WELL_TIMES = 3
"""So many looks in a row must find the camera well."""

log = logging.getLogger(__name__)


def judge(
    status: Callable[[], dict[str, Any]],
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    within_s: float = slots.JUDGED_WITHIN_S,
) -> list[str]:
    """Look at the camera until it is well several times in a row; [] for well, else what was wrong in the end."""
    end_s, well, before = monotonic() + within_s, 0, None
    wrong = ["the camera's program did not answer"]
    while monotonic() < end_s:
        try:
            after: dict[str, Any] | None = status()
        except OperatorError as error:
            after, wrong = None, [str(error)]
        if before is not None and after is not None:
            wrong = complaints(before, after)
        well = well + 1 if before is not None and after is not None and not wrong else 0
        if well == WELL_TIMES:
            return []
        before = after
        sleep(EVERY_S)
    return wrong or ["it was not well for long enough"]


def decide(
    machine: Machine,
    store: Store,
    judged: Callable[[], list[str]],
    told: Callable[[Record], None] = lambda record: None,
) -> int:
    """End what is to be ended: 0 stay here, 1 leave this system. Raises OperatorError.

    `judged` tells what is wrong with the new system, `told` hears how an update ended.
    """
    found = store.load()
    record = engine.wake(machine, store)
    if record.phase is not Phase.TRYING:
        log.info("update %s: %s %s", record.version, record.phase, record.why)
        if found.pending:
            told(record)
        return 0
    if wrong := judged():
        engine.leave(store, "; ".join(wrong))
        log.error("update %s is left: %s", record.version, "; ".join(wrong))
        return 1
    told(engine.keep(machine, store))
    log.info("update %s is kept: the camera sees, infers and stores", record.version)
    return 0


def main() -> int:
    """What the unit runs."""
    from agent.update.machine import RaucMachine

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        status = partial(ask, HERE, "/v1/status")
        return decide(RaucMachine(), Store(), partial(judge, status), partial(leave_word, DATA))
    except (OperatorError, OSError) as error:
        log.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
