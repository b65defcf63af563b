"""What whoever fits a camera asks of it: how it is aimed, and a walk test that ends in a signed record."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.config import Config
from agent.domain import Event, Incident, Json, Severity
from agent.errors import OperatorError
from agent.events.lines import utc_text
from agent.events.wire import Item
from agent.fitting.aim import ADVICE, Aim, look
from agent.fitting.measuring import Sizes, measured
from agent.fitting.record import JSON, files_of
from agent.fitting.view import View, view_of
from agent.fitting.walk import WalkTest
from agent.health.desk import HealthDesk
from agent.keys import DeviceKey
from agent.vision.pipeline import Outcome
from hal.ports import CameraInfo, Clock, Frame

LONGEST_S = 3600.0
"""A walk test that nobody has ended counts as given up after so long."""
MOST_OUTPUTS = 50
NextFrame = Callable[[], Awaitable[Frame | None]]


class AimDesk:
    """Measures the newest picture when somebody asks; `next_frame` waits for one, None where none comes."""

    def __init__(self, config: Config, clock: Clock, next_frame: NextFrame) -> None:
        self._masks = [mask.polygon for mask in config.privacy_masks]
        self._clock = clock
        self._next_frame = next_frame
        self._lock = asyncio.Lock()
        self._last: tuple[float, dict[str, Json]] | None = None

    async def facts(self) -> dict[str, Json] | None:
        """The figures of `agent.fitting.aim.Aim` of the next picture as JSON; None where none comes.

        Those who ask at the same time share one look.
        """
        asked_s = self._clock.monotonic()
        async with self._lock:
            if self._last is not None and self._last[0] >= asked_s:
                return self._last[1]
            frame = await self._next_frame()
            if frame is None:
                return None
            aim = await asyncio.to_thread(look, frame.main, self._masks)
            self._last = self._clock.monotonic(), aim_facts(aim, frame)
            return self._last[1]


def aim_facts(aim: Aim, frame: Frame) -> dict[str, Json]:
    """As JSON, with what to do."""
    facts: dict[str, Json] = {key: value if key != "tiles" else [*aim.tiles] for key, value in aim._asdict().items()}
    for key, digits in (("mean", 1), ("spread", 1), ("dark", 3), ("bright", 3)):
        facts[key] = round(getattr(aim, key), digits)
    return {**facts, "advice": ADVICE[aim.exposure], "n": frame.index, "size": [frame.main.width, frame.main.height]}


@dataclass(frozen=True, slots=True)
class About:
    """What a record says besides the test: who the camera is, how it is, and the key that signs."""

    config: Config
    identity: Callable[[], Mapping[str, Json]]
    config_sha256: Callable[[], str]
    health: HealthDesk
    key: DeviceKey | None
    camera: Callable[[], CameraInfo | None]


class WalkDesk:
    """One walk test at a time. `frame` belongs to the vision thread, everything else to the event loop.

    `files` are those of the last record, by name; they are kept in memory, its hash in the journal and audit log.
    """

    def __init__(self, about: About, clock: Clock, aim: AimDesk, report: Callable[[Event], None]) -> None:
        self._about = about
        self._clock = clock
        self._aim = aim
        self._report = report
        self._test: WalkTest | None = None
        self._by = ""
        self._outputs: list[str] = []
        self.files: dict[str, bytes] = {}

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked."""
        if (test := self._test) is not None:
            test.frame(outcome)

    def item(self, item: Item) -> None:
        """Something happened: an incident opened, or an output was tested."""
        if self._test is not None and isinstance(item, Incident):
            self._test.incident(item)
        if isinstance(item, Event) and item.kind == "output_test" and len(self._outputs) < MOST_OUTPUTS:
            name = str(item.data.get("output", ""))
            if name and name not in self._outputs:
                self._outputs.append(name)

    def begin(self, by: str) -> dict[str, Json]:
        """Begin a test. Raises OperatorError while there is one."""
        if self._running() is not None:
            raise OperatorError("a walk test is going on already", hint="end it first")
        config = self._about.config
        rules = [(rule.name, one.word) for rule in config.rules for one in rule.references()]
        self._test = WalkTest(config.zones, config.lines, rules, self._clock.monotonic(), self._aspect)
        self._by = by
        self._report(Event("walk_test", self._test.start_s, data={"state": "begun", "by": by}))
        return self.facts()

    def facts(self) -> dict[str, Json]:
        """How the test stands, or that there is none."""
        test = self._running()
        head: dict[str, Json] = {"running": test is not None, "record": bool(self.files)}
        if test is None:
            return head
        return {**head, "by": self._by, "for_s": round(self._clock.monotonic() - test.start_s, 1), **test.facts()}

    async def end(self, note: str, sizes: Sizes | None = None) -> dict[str, Any]:
        """End the test; its record, the record's hash, and the signature. The mount is measured where `sizes` are said.

        Raises OperatorError where there is none.
        """
        test = self._running()
        if test is None:
            raise OperatorError("no walk test is going on", hint="begin one")
        self._test = None
        facts = await self._record(test, note, await self._mount(test, sizes))
        self.files = await asyncio.to_thread(files_of, facts, self._about.key)
        digest = hashlib.sha256(self.files[JSON]).hexdigest()
        severity = Severity.INFO if test.passed else Severity.WARNING
        told: dict[str, Json] = {"state": "ended", "by": self._by, "passed": test.passed, "sha256": digest}
        self._report(Event("walk_test", self._clock.monotonic(), severity, {**told, "missing": facts["missing"]}))
        return {"record": facts, "sha256": digest, "signed": self._about.key is not None}

    def _running(self) -> WalkTest | None:
        if self._test is not None and self._clock.monotonic() - self._test.start_s > LONGEST_S:
            self._test = None
        return self._test

    async def _mount(self, test: WalkTest, sizes: Sizes | None) -> dict[str, Json] | None:
        """How the camera hangs by this walk; None where nobody says how tall they are."""
        if sizes is None:
            return None
        return await asyncio.to_thread(measured, test.looks, sizes, self.view(), self._aspect)

    def view(self) -> View:
        """How much the picture shows from side to side."""
        camera = self._about.camera()
        return view_of(self._about.config, camera.view_deg if camera else None, self._aspect)

    @property
    def _aspect(self) -> float:
        """That of the pictures as they come; as they are wished for until one has come."""
        size = self._about.camera() or self._about.config.camera
        return size.width / size.height

    async def _record(self, test: WalkTest, note: str, mount: dict[str, Json] | None) -> dict[str, Any]:
        about, config, wall = self._about, self._about.config, self._clock.wall()
        aim = await self._aim.facts()
        walk = test.facts() | {"lasted_s": round(self._clock.monotonic() - test.start_s, 1)}
        health = about.health.facts()
        return {
            "record": 1,
            "camera": {**about.identity(), "name": config.camera.name},
            "made": {
                "utc": utc_text(wall.utc_s),
                "clock_synchronised": wall.synchronised,
                "by": self._by,
                "note": note,
            },
            "passed": test.passed,
            "missing": walk["missing"],
            "walk_test": walk,
            "mount": mount,
            "picture": aim,
            "outputs_tested": [*self._outputs],
            "health": {"state": health["state"], "findings": health["findings"]},
            "model": config.model.name,
            "config_sha256": await asyncio.to_thread(about.config_sha256),
            "size": [config.camera.width, config.camera.height],
            "zones": [{"name": one.name, "kind": one.kind, "polygon": one.polygon} for one in config.zones],
            "lines": [{"name": one.name, "points": one.points} for one in config.lines],
        }
