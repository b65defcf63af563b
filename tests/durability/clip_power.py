"""Cuts the power while clips are made, stored and erased. Programs: `work KEYS FOLDER` and `FOLDER COUNT SEED`."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from agent.domain import Event
from agent.evidence.verify import verify_folder
from agent.keys import DeviceKey
from tests.durability.io_trace import MARKS, Kind, Op, build, record
from tests.durability.power import Cut, Disk
from tests.evidence.rig import Rig


@dataclass
class Tally:
    """What was found; `announced` and `finished` sum up over all cuts."""

    cuts: int = 0
    announced: int = 0
    finished: int = 0
    problems: list[str] = field(default_factory=list)


def work(keys: Path, folder: Path) -> None:
    """Four incidents with their clips; the second clip is held, the first and the third are erased."""
    marks = os.open(folder / MARKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(what: str, clip: object) -> None:
        os.write(marks, json.dumps({what: clip}).encode())

    def heard(event: Event) -> None:
        if event.kind == "clip":
            say("announced", event.data["clip"])

    rig = Rig(folder, heard=heard, key=DeviceKey.open(keys))
    rig.run(2.0)
    for number in range(4):
        clip = rig.happen(f"i-{number}", seconds=1.0)
        if number == 1:
            rig.keeper.vault.hold(clip, "police")
            say("held", clip)
        if number in (0, 2):
            say("erasing", clip)
            rig.keeper.vault.erase(clip)
            say("erased", clip)


def judge(folder: Path, marks: list[dict[str, str]], key: DeviceKey, tally: Tally) -> None:
    """The next start: what was announced is whole and what was erased is gone, and nothing else lies about."""
    said: dict[str, set[str]] = {"announced": set(), "held": set(), "erasing": set(), "erased": set()}
    for mark in marks:
        for what, clip in mark.items():
            said[what].add(clip)
    rig = Rig(folder, key=key)
    rig.audit.record("start")
    rig.run(0.2)
    clips = {path.name for path in (folder / "clips").iterdir()}
    stored = {name for name in clips if "." not in name}
    tally.cuts += 1
    tally.announced += len(said["announced"])
    tally.finished += rig.keeper.counts.recovered
    findings = {
        "announced and gone": said["announced"] - said["erasing"] - stored,
        "erased and back": said["erased"] & stored,
        "left over": {name for name in clips - stored if not name.endswith(".hold")},
        "held no more": {clip for clip in said["held"] if f"{clip}.hold" not in clips},
        "never told": stored - said["announced"] - {str(event["clip"]) for event in rig.told("clip")},
        "not sound": {str(finding) for finding in verify_folder(folder, key.public) if not finding.sound},
    }
    tally.problems += [f"{what}: {which}" for what, which in findings.items() if which]


def run(folder: Path, count: int, seed: int) -> Tally:
    """`count` cuts of one life of clips; what was found."""
    chance, tally = random.Random(seed), Tally()
    root, left, keys = folder / "work", folder / "left", folder / "keeping"
    root.mkdir(parents=True)
    key = DeviceKey.open(keys)
    disk = Disk(root)
    ops = record(build(folder), [sys.executable, "-m", "tests.durability.clip_power", "work", str(keys)], root)
    places = sorted(chance.randrange(len(ops) + 1) for _ in range(count))
    marks: list[dict[str, str]] = []
    for number, op in enumerate([*ops, None]):
        for _ in range(places.count(number)):
            shutil.rmtree(left, ignore_errors=True)
            disk.write(left, Cut(chance, disk.count))
            judge(left, marks, key, tally)
        _happen(disk, op, marks)
    return tally


def _happen(disk: Disk, op: Op | None, marks: list[dict[str, str]]) -> None:
    if op is None:
        return
    disk.apply(op)
    if op.kind is Kind.MARK:
        marks.append(json.loads(op.data))


def main() -> None:
    """The work, or cuts of it with what was found as JSON."""
    if sys.argv[1] == "work":
        work(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    tally = run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps({**tally.__dict__, "problems": sorted(set(tally.problems))[:20]}))


if __name__ == "__main__":
    main()
