"""The sense of appearance on rendered people: the same are known again, others are not, and nothing is written."""

import ast
from pathlib import Path

import numpy as np

import agent.vision
from agent.build import make_watchers
from agent.config import parse_config
from agent.domain import Box, Track
from agent.rules.senses import NOTHING
from agent.vision.appearance_watch import AppearanceWatcher
from agent.vision.doors import Doors
from agent.vision.looks import cast_of
from hal.ports import Frame, Yuv420
from hal.simulated.render import Light, Renderer
from hal.simulated.scene import Scene
from tools.rule_scores.separation import Watched, distances, nearer, rendered_looks

ASPECT = 16 / 9
WIDTH, HEIGHT = 640, 360
ZONE = '[[zone]]\nname = "z"\npolygon = [[0, 0], [1, 0], [1, 1]]\n'
REVISIT = '[[rule]]\nkind = "revisit"\nzone = "z"\n'
MEMORY = ("appearance", "appearance_watch", "doors", "exchanges", "looks")
"""The modules of which the memory consists."""


def test_rendered_people_are_nearer_to_themselves_than_to_others() -> None:
    looks = rendered_looks(Watched(1001, 5, 150))
    assert len(looks) >= 8
    same, others = distances(looks)
    assert np.median(same) < 0.2
    assert np.median(others) > 0.35
    assert nearer(same, others) / (len(same) * len(others)) >= 0.97


def frame(picture: Yuv420, t_s: float) -> Frame:
    return Frame(round(t_s * 10), t_s, picture, picture)


def track(number: int, t_s: float) -> Track:
    return Track(number, t_s, Box(0.4, 0.2, 0.6, 0.8), 0.9, True, True, True, 0.6, t_s, t_s)


def picture(tone: int, colour: bool = True) -> Yuv420:
    """Somebody of that tone before a wall with patterns, by day or by infrared light."""
    chance = np.random.default_rng(3)
    y = chance.integers(60, 160, (180, 320)).astype(np.uint8)
    u, v = (chance.integers(118, 138, (90, 160)).astype(np.uint8) for _ in range(2))
    v[18:72, 64:96] = tone
    if not colour:
        u, v = np.full_like(u, 128), np.full_like(v, 128)
    return Yuv420(y, u, v)


def links(watcher: AppearanceWatcher, number: int, tone: int, start_s: float, colour: bool = True) -> dict[int, int]:
    found: dict[int, int] = {}
    for step in range(5):
        t_s = start_s + step
        senses = watcher.look(frame(picture(tone, colour), t_s), [track(number, t_s)], NOTHING)
        assert senses.appearance is not None
        found |= senses.appearance
    return found


def test_the_watcher_links_by_colour_and_is_silent_without() -> None:
    doors = Doors(parse_config('[[line]]\nname = "d"\npoints = [[0.02, 0.1], [0.02, 0.3]]\n'), ASPECT)
    by_day = AppearanceWatcher(doors, ASPECT, 30.0)
    assert links(by_day, 1, 190, 0.0) == {}
    assert links(by_day, 2, 70, 8.0) == {}
    assert links(by_day, 3, 190, 16.0) == {3: 1}
    by_night = AppearanceWatcher(doors, ASPECT, 30.0)
    assert links(by_night, 1, 190, 0.0, colour=False) == {}
    assert links(by_night, 2, 190, 8.0, colour=False) == {}, "by infrared light everybody is grey"


def test_the_simulated_night_has_no_colour() -> None:
    scene = Scene(seed=1, script="shop")
    night = Renderer(scene.layout, WIDTH, HEIGHT, Light.NIGHT).render(scene.figures(20.0), 1)
    day = Renderer(scene.layout, WIDTH, HEIGHT).render(scene.figures(20.0), 1)
    assert cast_of(night, []).colour < 1.0 < 3.0 < cast_of(day, []).colour


def test_it_only_looks_when_a_rule_uses_it_and_it_is_not_switched_off() -> None:
    def looks(text: str) -> bool:
        return any(isinstance(one, AppearanceWatcher) for one in make_watchers(parse_config(text), ASPECT))

    assert looks(ZONE + REVISIT)
    assert not looks(ZONE)
    assert not looks("[appearance]\nenabled = false\n" + ZONE + REVISIT)


def test_the_modules_of_the_memory_cannot_write_anything() -> None:
    """They import numbers and plain values, and call nothing that opens, prints or logs."""
    allowed = {"__future__", "collections.abc", "dataclasses", "itertools", "math", "typing", "numpy", "numpy.typing"}
    allowed |= {"agent.config", "agent.domain", "agent.geometry", "agent.rules.senses", "hal.ports"}
    folder = Path(agent.vision.__file__).parent
    for name in MEMORY:
        tree = ast.parse((folder / f"{name}.py").read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        imported |= {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
        assert imported <= allowed | {f"agent.vision.{part}" for part in MEMORY}
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"open", "print", "exec", "eval", "__import__"}
        methods = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not methods & {"save", "savez", "tofile", "dump", "dumps", "write", "write_bytes", "write_text"}
