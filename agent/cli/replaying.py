"""`aislewatch replay`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from agent.cli.files import read_config, writing
from agent.cli.lines import event_line, summary_lines
from agent.cli.printing import say
from agent.config import Config
from agent.events.lines import event_json
from agent.replay import Replay, findings, mot_rows
from agent.vision.pipeline import Outcome
from hal.system import SystemClock


def run(
    video: Path,
    config_file: Path | None,
    model: str | None,
    *,
    as_json: bool,
    realtime: bool,
    max_frames: int | None,
    tracks: Path | None,
    learn_s: float | None,
) -> None:
    """Walk the video and print what is found, then the summary."""
    config = read_config(config_file) if config_file else Config()
    config = replace(config, camera=replace(config.camera, source=str(video)))
    if model:
        config = replace(config, model=replace(config.model, name=model))
    if learn_s is not None:
        config = replace(config, health=replace(config.health, learn_s=learn_s))
    replay = Replay(config, SystemClock(), paced=realtime, health=learn_s is not None)
    with _opened(tracks) as track_file:
        for number, outcome in enumerate(replay.run(max_frames), start=1):
            _show(outcome, as_json=as_json)
            if track_file and replay.info:
                track_file.writelines(f"{row}\n" for row in mot_rows(outcome, number, replay.info))
    summary = replay.summary()
    say(summary, summary_lines(summary), as_json=as_json)


def _show(outcome: Outcome, *, as_json: bool) -> None:
    for finding in findings(outcome):
        print(event_json(finding) if as_json else event_line(finding), flush=True)


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with writing(path):
        file = path.open("w", encoding="utf-8")
    with file:
        yield file
