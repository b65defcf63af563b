"""A machine with two slots whose plug may be pulled between any two steps, for the real course of an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from agent.durable import write_durably
from agent.update import confirm, engine
from agent.update.engine import PENDING, Progress, Store
from agent.update.slots import Offer, Refused, Slot

CAMERA = "aislewatch-lab"


class PowerCut(Exception):
    """The plug was pulled."""


class Restart(Exception):
    """The machine restarts by itself."""


@dataclass
class System:
    """What lies in a slot: a version, whether it starts at all, and whether the camera is well in it.

    `judged` says what is wrong with a real camera, in place of `well`.
    """

    version: str
    starts: bool = True
    well: bool = True
    judged: Callable[[], list[str]] | None = None


@dataclass
class TwoSlots:
    """Implements engine.Machine. `steps_left` counts down to the next power cut; None is never."""

    folder: Path
    random: Random
    forgets_tries: bool
    systems: dict[Slot, System]
    bundles: dict[Path, System] = field(default_factory=dict)
    kept_slot: Slot = Slot.A
    tried_slot: Slot = Slot.A
    to_try: bool = False
    booted: Slot = Slot.A
    steps_left: int | None = None
    cuts: int = 0

    @property
    def store(self) -> Store:
        return Store(self.folder, write=self._write)

    def running(self) -> Offer:
        return Offer(CAMERA, self.systems[self.booted].version)

    def slot(self) -> Slot:
        return self.booted

    def kept(self) -> Slot:
        return self.kept_slot

    def inspect(self, bundle: Path) -> Offer:
        if bundle not in self.bundles:
            raise Refused("no signature")
        return Offer(CAMERA, self.bundles[bundle].version)

    def install(self, bundle: Path, progress: Progress) -> None:
        self.step(lambda: self.systems.update({self.booted.other: System("?", starts=False)}))
        progress(50, "writing")
        self.step(lambda: self.systems.update({self.booted.other: self.bundles[bundle]}))
        self.step(lambda: setattr(self, "tried_slot", self.booted.other))

    def keep(self, slot: Slot) -> None:
        self.step(lambda: setattr(self, "kept_slot", slot))

    def restart_to_try(self) -> None:
        self.step(lambda: setattr(self, "to_try", True))
        raise Restart

    def step(self, act: Callable[[], None]) -> None:
        """Something that is done as a whole or not at all."""
        self._tick()
        act()
        self._tick()

    def start(self) -> None:
        """Firmware, system and judge, again and again until the machine stays up; a dead kernel meets the watchdog."""
        for _ in range(20):
            self.booted = self.tried_slot if self.to_try else self.kept_slot
            self.to_try = False
            if not self.systems[self.booted].starts:
                assert self.booted is not self.kept_slot, "a brick: the kept slot does not start"
                continue
            if not (self.folder / PENDING).exists():
                return
            try:
                if confirm.decide(self, self.store, self._judged) == 0:
                    return
            except PowerCut:
                self.lose_power()
        raise AssertionError("it restarts for ever")

    def update(self, bundle: Path) -> None:
        """Update, and start as often as that brings about."""
        try:
            engine.update(self, self.store, bundle, lambda per_cent, doing: None)
        except Restart:
            pass
        except PowerCut:
            self.lose_power()
        self.start()

    def lose_power(self) -> None:
        """A Pi forgets that it was asked to try; the emulated board does not."""
        self.cuts += 1
        self.steps_left = self.random.randrange(12) if self.random.random() < 0.3 else None
        if self.forgets_tries:
            self.to_try = False

    def _judged(self) -> list[str]:
        self._tick()
        system = self.systems[self.booted]
        if system.judged is not None:
            return system.judged()
        return [] if system.well else ["no pictures"]

    def _write(self, path: Path, content: bytes) -> None:
        self.step(lambda: write_durably(path, content))

    def _tick(self) -> None:
        if self.steps_left is not None:
            if self.steps_left == 0:
                raise PowerCut
            self.steps_left -= 1
