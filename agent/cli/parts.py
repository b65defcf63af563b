"""The commands that run one part on its own: `detect`, `track` and `config check`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agent.build import Detectors
from agent.cli.complaints import OPERATOR_EXIT
from agent.cli.files import read_config, read_text, writing
from agent.cli.printing import say
from agent.config import Config
from agent.errors import ConfigError, OperatorError
from agent.models import detect_files
from agent.tables.camera import ModelConfig
from agent.vision.detector import MIN_SCORE
from agent.vision.mot import track_text
from hal.system import SystemClock


def detect(images: list[Path], model: str, *, as_json: bool) -> None:
    """Print the people found in each picture."""
    detector = Detectors(ModelConfig(name=model), SystemClock()).open(MIN_SCORE)
    for found in detect_files(detector, images):
        say(found, _boxes(found), as_json=as_json)


def _boxes(found: Any) -> list[str]:
    head = f"{found['image']}: {len(found['boxes'])} boxes"
    rows = zip(found["boxes"], found["scores"], strict=True)
    return [head, *(f"  {score:.2f}  {' '.join(f'{edge:.0f}' for edge in box)}" for box, score in rows)]


def track(detections: Path, fps: float, size: str, out: Path, *, as_json: bool) -> None:
    """Follow the people of a MOT text and write theirs."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if not match or "0" in match.groups():
        raise OperatorError(f"--size {size!r} is no picture size", hint="such as 1920x1080")
    text = track_text(read_text(detections), fps=fps, width=int(match[1]), height=int(match[2]))
    with writing(out):
        out.write_text(text, encoding="utf-8")
    rows = text.splitlines()
    people = len({row.split(",")[1] for row in rows})
    facts = {"type": "tracks", "file": str(out), "rows": len(rows), "tracks": people}
    say(facts, f"{out}: {people} people in {len(rows)} boxes", as_json=as_json)


def check_config(file: Path, *, as_json: bool) -> None:
    """Print every mistake of a configuration, or what it configures."""
    try:
        config = read_config(file)
    except ConfigError as error:
        if not as_json:
            raise
        for problem in error.problems:
            fact = {"type": "problem", "path": problem.path, "message": problem.message, "hint": problem.hint}
            say(fact, (), as_json=True)
        raise SystemExit(OPERATOR_EXIT) from None
    counts = _counts(config)
    words = f"{file}: no mistakes; " + ", ".join(f"{count} {what}" for what, count in counts.items())
    say({"type": "config", "file": str(file), **counts}, words, as_json=as_json)


def _counts(config: Config) -> dict[str, int]:
    names = ("zones", "lines", "rules", "outputs", "schedules")
    return {name: len(getattr(config, name)) for name in names}
