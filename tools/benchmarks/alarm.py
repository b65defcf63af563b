"""Goal 12: from the first frame that shows a person in a restricted zone to its pin, at 15 frames a second.

Exactly: the shop is empty for 18 frames, then a simulated intruder stands in it, whole and in the zone, from one frame
to the next. The time runs from the moment that frame is available to the return of the call that sets the pin, through
the agent's threads: gate, model, confirmation, the zone's hysteresis, the rule and the output. Frigate needs three
frames at 5 a second before it acts: at least 400 ms from the first to the third, without the time of its own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from agent.build import Detectors
from agent.config import Config, parse_config
from hal.ports import Frame
from hal.simulated.render import Figure, Renderer
from hal.simulated.scene import Scene, Snapshot
from hal.simulated.shop import load_layout
from tools.benchmarks.footage import OWN, Bench, frame_of
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.rig import rig
from tools.benchmarks.timing import Beat

FRIGATE_MS, TARGET = 400.0, 0.35
FPS = 15.0
EMPTY, SHOWN = 18, 12
WIDTH, HEIGHT = 1280, 720
ZONE = """
[[zone]]
name = "everywhere"
kind = "restricted"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
[[output]]
name = "siren"
pin = 17
[[rule]]
kind = "restricted"
zone = "everywhere"
actions = ["siren"]
"""


def rows(bench: Bench) -> list[Row]:
    """One row a model, the median over several people: the product's own, and the one that the other goals use."""
    return [_row(bench, model) for model in dict.fromkeys((OWN, bench.model))]


def _row(bench: Bench, model: str) -> Row:
    figure = f"person in the zone to pin at {FPS:.0f} fps / Frigate's {FRIGATE_MS:.0f} ms, {model}"
    config = parse_config(f'[model]\nname = "{model}"\n{ZONE}')
    detectors = Detectors(config.model, bench.clock)
    tries = [reaction_ms(bench, config, detectors, seed) for seed in range(1, 1 + bench.count(20, 2))]
    found = [ms for ms in tries if ms is not None]
    if len(found) <= len(tries) // 2:
        return not_measured("12", figure, TARGET, f"{model} saw only {len(found)} of {len(tries)} people")
    detail = (
        f"median {median(found):.0f} ms, {min(found):.0f} to {max(found):.0f}, from the first frame that shows them; "
        f"{len(found)} of {len(tries)} people within {SHOWN / FPS:.1f} s; a model that is less sure is asked more often"
    )
    return Row("12", figure, median(found) / FRIGATE_MS, TARGET, detail)


def reaction_ms(bench: Bench, config: Config, detectors: Detectors, seed: int) -> float | None:
    """Milliseconds until the pin is on; None when the person was not alarmed about while shown."""
    frames = list(appearance(seed))
    with rig(bench, config, detectors.open()) as made:
        beat = Beat(FPS)
        for frame in frames:
            beat.wait()
            made.offer(frame)
        made.settle()
        set_s = made.outputs.set_s
        shown_s = made.camera.available_s[EMPTY]
    return next(((at_s - shown_s) * 1e3 for at_s in set_s if at_s > shown_s), None)


def appearance(seed: int) -> Iterator[Frame]:
    """The empty shop, then a person who is there at once and moves on."""
    layout = load_layout().with_aspect(WIDTH / HEIGHT)
    scene, renderer = Scene(layout, seed, "walker"), Renderer(layout, WIDTH, HEIGHT)
    start_s = first_whole_s(scene)
    for number in range(EMPTY + SHOWN):
        figures: tuple[Figure, ...] = ()
        if number >= EMPTY:
            figures = scene.at(start_s + (number - EMPTY) / FPS).figures
        yield frame_of(renderer.render(figures, number), number, FPS)


def first_whole_s(scene: Scene) -> float:
    """The first moment at which one person is wholly in the picture."""
    times = (number / FPS for number in range(int(60 * FPS)))
    return next(t_s for t_s in times if _whole(scene.at(t_s)))


def _whole(snapshot: Snapshot) -> bool:
    """One person, hardly hidden, with air on all sides."""
    people = snapshot.people
    if len(people) != 1 or people[0].seen < 0.95:
        return False
    x1, y1, x2, y2 = people[0].box
    return x1 > 0.02 and y1 > 0.02 and x2 < 0.98 and y2 < 0.97
