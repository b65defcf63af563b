"""The course of an update on a machine with two slots; every step leaves what the next start can go on from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from agent.durable import sync_folder, write_durably
from agent.errors import OperatorError
from agent.update import slots
from agent.update.slots import Offer, Phase, Record, Slot

FOLDER = Path("/var/lib/aislewatch-update")
STATE = "state.json"
PENDING = "pending"

Progress = Callable[[int, str], None]
"""Called with per cent and what is being done."""


class Machine(Protocol):
    """The slots of a camera, and what starts them."""

    def running(self) -> Offer:
        """What this system is."""

    def slot(self) -> Slot:
        """The slot it runs from."""

    def kept(self) -> Slot:
        """The slot that a plain start takes."""

    def inspect(self, bundle: Path) -> Offer:
        """What a bundle says, once its signature holds. Raises Refused."""

    def install(self, bundle: Path, progress: Progress) -> None:
        """Write a bundle into the other slot and name that for a try. Raises OperatorError."""

    def keep(self, slot: Slot) -> None:
        """From now on a plain start takes this slot. Raises OperatorError."""

    def restart_to_try(self) -> None:
        """Restart, once, into the slot named for a try. Raises OperatorError."""


class Store:
    """The record on the data partition, and the mark that makes systemd start the judge."""

    def __init__(self, folder: Path = FOLDER, write: Callable[[Path, bytes], None] = write_durably) -> None:
        self._folder = folder
        self._write = write

    def load(self) -> Record:
        """The record; an empty one where there is none, or one that nobody can read."""
        try:
            return msgspec.json.decode((self._folder / STATE).read_bytes(), type=Record)
        except (FileNotFoundError, msgspec.DecodeError):
            return Record()

    def save(self, record: Record) -> None:
        """Keep the record. The mark comes before a record that needs it and goes after one that does not."""
        mark = self._folder / PENDING
        if record.pending:
            self._write(mark, b"")
        self._write(self._folder / STATE, msgspec.json.encode(record))
        if not record.pending:
            mark.unlink(missing_ok=True)
            sync_folder(self._folder)


def update(machine: Machine, store: Store, bundle: Path, progress: Progress) -> Record:
    """Verify a bundle, write it into the other slot, and restart into it. Raises Refused or OperatorError.

    A step that fails leaves the running system as it was.
    """
    offer = machine.inspect(bundle)
    record = slots.begin(store.load(), offer, running=machine.running(), slot=machine.slot(), kept=machine.kept())
    store.save(record)
    try:
        machine.install(bundle, progress)
        store.save(slots.trying(record))
        machine.restart_to_try()
    except OperatorError as error:
        store.save(slots.ended(record, Phase.BACK, str(error)))
        raise
    return slots.trying(record)


def wake(machine: Machine, store: Store) -> Record:
    """What a start makes of the last update, kept. One that is TRYING has to be judged."""
    found = store.load()
    record = slots.woke(found, slot=machine.slot(), kept=machine.kept())
    store.save(record)
    return record


def keep(machine: Machine, store: Store) -> Record:
    """The new system is well: it is the one that is kept from now on."""
    record = store.load()
    machine.keep(record.target)
    done = slots.ended(record, Phase.KEPT, "")
    store.save(done)
    return done


def leave(store: Store, why: str) -> Record:
    """The new system is not well: note why; the next start is in the slot before, and ends the update."""
    record = msgspec.structs.replace(store.load(), why=why)
    store.save(record)
    return record
