"""Goal 13: what a look at the background costs with people in the picture and goods gone: <= 1 ms at 320 x 180."""

from __future__ import annotations

from statistics import median

from agent.domain import Box, Point, Track
from agent.rules.senses import NOTHING
from agent.vision.background import EVERY_S, Background
from agent.vision.likeness import Look
from hal.ports import Frame
from hal.simulated.goods import front_of
from hal.simulated.render import Renderer
from hal.simulated.scene import Scene
from hal.simulated.scenery import Furnishing, Scenery
from hal.simulated.shop import load_layout
from tools.benchmarks.footage import Bench, frame_of
from tools.benchmarks.report import Row
from tools.benchmarks.timing import in_turn

WIDTH, HEIGHT = 320, 180
MOST_MS = 1.0
LEARNING_S = 100.0


def rows(bench: Bench) -> list[Row]:
    """The median of a look, once the scene is known and eight goods are gone, in turn with making the picture small."""
    layout, scene = load_layout(), Scene(seed=1)
    front = front_of(layout, WIDTH)
    renderer = Renderer(layout, WIDTH, HEIGHT)
    background = Background(layout.optics.aspect, {"shelf": tuple(Point(*corner) for corner in front.polygon)})
    for number in range(round(LEARNING_S / EVERY_S)):
        background.look(_frame(renderer, number), [], NOTHING)
    gone = Scenery(Furnishing(frozenset(range(8))))
    moments = [LEARNING_S + EVERY_S * k for k in range(40 if bench.quick else 200)]
    frames = [(_frame(renderer, round(t_s / EVERY_S), gone, scene), _tracks(scene, t_s)) for t_s in moments]
    looks, small = iter(frames), iter(frames)
    contest = in_turn(
        lambda: background.look(*next(looks), NOTHING), lambda: Look.of(next(small)[0].lores), len(frames) - 1
    )
    detail = f"{contest.words('taking in the picture')}; {WIDTH} x {HEIGHT}, twice a second at most"
    return [Row("13", "a look at the background, ms", median(contest.ours_ms), MOST_MS, detail)]


def _frame(renderer: Renderer, number: int, scenery: Scenery | None = None, scene: Scene | None = None) -> Frame:
    figures = scene.figures(number * EVERY_S) if scene else ()
    return frame_of(renderer.render(figures, number, scenery or Scenery()), number, 1 / EVERY_S)


def _tracks(scene: Scene, t_s: float) -> list[Track]:
    boxes = [(person.id, Box(*person.seen_box)) for person in scene.at(t_s).people if person.seen_box]
    return [Track(number, t_s, box, 0.9, True, True, True, box.height, 0.0, t_s) for number, box in boxes]
