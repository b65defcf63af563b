"""Kills a camera that records, again and again, and looks at what is on the disk afterwards. Run as a program.

Every life is a fork of this process, so that a cycle takes a fraction of a second. The life runs the keeper of evidence
over video made beforehand, as fast as it can, and tells over a pipe what it has announced and how far its video went.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from agent.evidence.manifest import MANIFEST, VIDEO, Ended, decode_manifest
from hal.mp4 import examine
from tests.evidence.rig import FPS, Rig

GROUP_S = 1.0
TURN_S = 0.1


@dataclass
class Tally:
    """What was found."""

    kills: int = 0
    announced: int = 0
    recovered: int = 0
    problems: list[str] = field(default_factory=list)


def live(folder: Path, pipe: int, seed: int) -> None:
    """One life: incidents come and go until the end that somebody else brings."""
    rig = Rig(folder, heard=lambda event: tell(pipe, f"A {event.data['clip']}"))
    rig.clock.sleep(seed * 1000.0)
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        incident = rig.open(f"{seed}-{number}")
        for _ in range(chance.randrange(10, 60)):
            go_on(rig, pipe)
        rig.close(incident)
        for _ in range(70):
            go_on(rig, pipe)


def go_on(rig: Rig, pipe: int) -> None:
    """A turn of the keeper; then say how far the video of the clips in the making went."""
    rig.run(TURN_S)
    for want in rig.keeper.open_wants():
        tell(pipe, f"F {want.id} {min(rig.ring_end_s, want.end_s):.3f}")


def tell(pipe: int, line: str) -> None:
    """One line; the pipe takes it as a whole or not at all."""
    os.write(pipe, f"{line}\n".encode())


def kill_once(folder: Path, seed: int, tally: Tally) -> None:
    """A life, its death, and the look at what it left."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        live(folder, writing, seed)
        os._exit(0)
    os.close(writing)
    lifetime_s = random.Random(seed + 1_000_000).uniform(0.02, 0.35)
    lines = listen(reading, lifetime_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    lines += listen(reading, 5.0)
    os.close(reading)
    tally.kills += 1
    judge(folder, lines, tally)


def listen(pipe: int, seconds: float) -> list[str]:
    """What is said within that time, or until the pipe ends."""
    found, until_s = b"", time.monotonic() + seconds
    while select.select([pipe], [], [], max(until_s - time.monotonic(), 0.0))[0]:
        part = os.read(pipe, 1 << 16)
        found += part
        if not part or time.monotonic() >= until_s:
            break
    return found.decode().splitlines()


def judge(folder: Path, lines: list[str], tally: Tally) -> None:
    """The next start recovers; then everything must be there, whole and verified, and nothing else."""
    said = [line.split() for line in lines]
    announced = {words[1] for words in said if words[0] == "A"}
    reached = {words[1]: float(words[2]) for words in said if words[0] == "F"}
    rig = Rig(folder)
    told = {str(event["clip"]) for event in rig.told("clip")}
    rig.run(0.2)
    tally.announced += len(announced)
    tally.recovered += rig.keeper.counts.recovered
    clips = {path.name for path in (folder / "clips").iterdir()}
    if stray := [name for name in clips if "." in name]:
        tally.problems.append(f"left over: {stray}")
    if lost := announced - clips:
        tally.problems.append(f"announced and gone: {lost}")
    for clip_id in clips:
        look_at(rig, clip_id, reached.get(clip_id), tally)
    if unsaid := clips - announced - told:
        tally.problems.append(f"never told: {unsaid}")
    for clip in rig.keeper.vault.clips:
        rig.keeper.vault.erase(clip.id)


def look_at(rig: Rig, clip_id: str, reached_s: float | None, tally: Tally) -> None:
    """One clip: it verifies, plays as long as it states, and lacks at most one fragment of what was recorded."""
    finding = rig.verified(clip_id)
    if finding.problems:
        tally.problems.append(f"{clip_id}: {finding.problems}")
        return
    video = decode_manifest((rig.path(clip_id) / MANIFEST).read_bytes()).video
    facts = examine(rig.path(clip_id) / VIDEO)
    if abs(facts.duration_s - video.duration_s) > GROUP_S:
        tally.problems.append(f"{clip_id}: states {video.duration_s} s, plays {facts.duration_s} s")
    end_s = video.start_s + video.duration_s
    if video.ended == Ended.CRASH and reached_s is not None and reached_s - end_s > GROUP_S + 2 / FPS:
        tally.problems.append(f"{clip_id}: recorded up to {reached_s}, kept up to {end_s}")


def main(folder: Path, times: int, seed: int) -> None:
    """Kill `times` times; the tally goes to stdout as JSON."""
    tally = Tally()
    for number in range(times):
        kill_once(folder, seed + number, tally)
    print(json.dumps(tally.__dict__))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
