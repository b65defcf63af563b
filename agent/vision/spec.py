"""What a model is, in the words of `models/manifest.toml`: sizes, colours, decoder, thresholds, licence."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from agent.errors import ModelError, Problem
from agent.schema import nearest

Task = Literal["person", "pose"]
Decoder = Literal["ssd_post", "ssd_raw", "yolox_grid", "movenet"]
Suppression = Literal["greedy", "diou", "soft"]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the manifest, in which an unknown key is a mistake."""


class InputSpec(_Table, frozen=True, kw_only=True):
    """The picture a model wants.

    `letterbox` keeps proportions: top left, the rest filled with grey 114. `lift` brightens dark pictures (tone.py).
    """

    width: int
    height: int
    layout: Literal["nhwc", "nchw"] = "nhwc"
    dtype: Literal["uint8", "int8", "float32"]
    colour: Literal["rgb", "bgr"] = "rgb"
    fit: Literal["stretch", "letterbox"] = "stretch"
    tone: Literal["as_is", "lift"] = "as_is"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the input tensor, a batch of one."""
        if self.layout == "nchw":
            return (1, 3, self.height, self.width)
        return (1, self.height, self.width, 3)


class LevelSpec(_Table, frozen=True, kw_only=True):
    """One feature map of a raw SSD head; all lengths in pixels of the model's input, (y, x) or (height, width).

    Cell (i, j) has its anchors' centre at `centre + (i, j) * step`.
    """

    grid: tuple[int, int]
    centre: tuple[float, float]
    step: tuple[float, float]
    anchors: tuple[tuple[float, float], ...]


class Operating(_Table, frozen=True, kw_only=True):
    """The thresholds of one light mode, as used by the confirmation rule in docs/design/semantics.md."""

    min_score: float
    confirm_score: float


class Scores(_Table, frozen=True, kw_only=True):
    """The operating points of a model by light mode."""

    day: Operating
    night: Operating


class ModelSpec(_Table, frozen=True, kw_only=True):
    """One entry of the manifest.

    `file` names a file that lies beside the manifest, `source` one that has to be brought (`aislewatch model fetch`);
    exactly one is given. `calibration` (a, b) turns a logit x into the score sigmoid(a x + b) (Platt scaling);
    below the score `tail[0]` the line is `tail[1]` times as steep (calibration.py).
    `soft` suppression takes `nms_iou` as the overlap from which a score decays.
    """

    name: str
    task: Task
    file: str = ""
    source: str = ""
    sha256: str
    size_bytes: int
    licence: str
    attribution: str
    about: str = ""
    input: InputSpec
    quantisation: str
    decoder: Decoder
    labels: tuple[str, ...] = ("person",)
    nms: Suppression = "greedy"
    nms_iou: float = 0.5
    box_scale: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    calibration: tuple[float, float] = (1.0, 0.0)
    tail: tuple[float, float] = (0.5, 1.0)
    levels: tuple[LevelSpec, ...] = msgspec.field(default=(), name="level")
    scores: Scores | None = None
    accuracy: Mapping[str, float | str] = msgspec.field(default_factory=dict)
    latency: Mapping[str, float | str] = msgspec.field(default_factory=dict)

    @property
    def filename(self) -> str:
        """The name of the model file, carried or not."""
        return self.file or self.source

    @property
    def carried(self) -> bool:
        """Whether the file ships beside the manifest."""
        return bool(self.file)


def parse_manifest(text: str, *, origin: str = "manifest.toml") -> tuple[ModelSpec, ...]:
    """Read a whole manifest. Raises ModelError that lists every mistake with its place."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(
            f"{origin} is not TOML: {error}", hint="correct the file or install the package again"
        ) from None
    specs: list[ModelSpec] = []
    problems = [Problem(key, "unknown table", "only [[model]] is known") for key in document if key != "model"]
    entries = document.get("model", [])
    if not isinstance(entries, list) or not entries:
        problems.append(Problem("model", "names no model", "add a [[model]] table"))
        entries = []
    for number, entry in enumerate(entries):
        found, mistakes = read_entry(entry, f"model[{number}]")
        problems += mistakes
        specs += [found] if found else []
    problems += _doubled_names(specs)
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise ModelError(f"{origin} has {len(problems)} mistake(s):\n{lines}", hint="correct the manifest")
    return tuple(specs)


def read_entry(entry: object, path: str) -> tuple[ModelSpec | None, list[Problem]]:
    """Read one entry and tell its mistakes; without a spec there is at least one."""
    if not isinstance(entry, dict):
        return None, [Problem(path, "is not a table")]
    if isinstance(entry.get("name"), str):
        path = f"{path} ({entry['name']})"
    problems = [*_field_mistakes(entry, path)]
    if problems:
        return None, problems
    spec = msgspec.convert(entry, ModelSpec)
    return spec, [*_contradictions(spec, path)]


def _field_mistakes(entry: dict[str, Any], path: str) -> Iterator[Problem]:
    """Every field on its own, so that all mistakes are told together."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(ModelSpec)}
    for key in entry.keys() - fields.keys():
        yield Problem(f"{path}.{key}", "unknown key", nearest(key, list(fields)))
    for key, field in fields.items():
        if key not in entry:
            if field.required:
                yield Problem(f"{path}.{key}", "is missing")
            continue
        try:
            msgspec.convert(entry[key], field.type)
        except msgspec.ValidationError as error:
            yield Problem(f"{path}.{key}", str(error))


def _contradictions(spec: ModelSpec, path: str) -> Iterator[Problem]:
    if bool(spec.file) == bool(spec.source):
        yield Problem(path, "needs either `file` or `source`")
    if any(mark in spec.filename for mark in "/\\:"):
        yield Problem(f"{path}.{'file' if spec.file else 'source'}", "must be a plain file name")
    if len(spec.sha256) != 64 or set(spec.sha256) - set("0123456789abcdef"):
        yield Problem(f"{path}.sha256", "must be 64 lower-case hexadecimal digits")
    if spec.size_bytes <= 0:
        yield Problem(f"{path}.size_bytes", "must be positive")
    if min(spec.input.width, spec.input.height) < 2 or spec.input.width % 2 or spec.input.height % 2:
        yield Problem(f"{path}.input", "width and height must be even and positive", "4:2:0 planes are halved")
    if not 0.0 < spec.nms_iou <= 1.0:
        yield Problem(f"{path}.nms_iou", "must lie in 0..1")
    if spec.task == "person":
        yield from _person_mistakes(spec, path)
    elif spec.decoder != "movenet":
        yield Problem(f"{path}.decoder", f"{spec.decoder} does not fit a {spec.task} model", "movenet does")


def _person_mistakes(spec: ModelSpec, path: str) -> Iterator[Problem]:
    if spec.decoder == "movenet":
        yield Problem(f"{path}.decoder", "movenet does not fit a person model")
    if "person" not in spec.labels:
        yield Problem(f"{path}.labels", "must name 'person'")
    if spec.scores is None:
        yield Problem(f"{path}.scores", "is missing", "day and night, each with min_score and confirm_score")
    else:
        for mode in ("day", "night"):
            point: Operating = getattr(spec.scores, mode)
            if not 0.0 < point.min_score <= point.confirm_score < 1.0:
                yield Problem(f"{path}.scores.{mode}", "must obey 0 < min_score <= confirm_score < 1")
    if spec.decoder == "ssd_raw":
        yield from _level_mistakes(spec, path)
    elif spec.levels:
        yield Problem(f"{path}.level", f"is not used by the decoder {spec.decoder}")


def _level_mistakes(spec: ModelSpec, path: str) -> Iterator[Problem]:
    if not spec.levels:
        yield Problem(f"{path}.level", "is missing", "ssd_raw needs a [[model.level]] per feature map")
    if len({level.grid for level in spec.levels}) < len(spec.levels):
        yield Problem(f"{path}.level", "two feature maps have the same grid")
    for number, level in enumerate(spec.levels):
        lengths = [*level.step, *(side for anchor in level.anchors for side in anchor)]
        if min(level.grid) < 1 or not level.anchors:
            yield Problem(f"{path}.level[{number}]", "needs a positive grid and at least one anchor")
        elif not all(math.isfinite(length) and length > 0 for length in lengths):
            yield Problem(f"{path}.level[{number}]", "steps and anchors must be positive")
    if spec.calibration[0] <= 0:
        yield Problem(f"{path}.calibration", "its slope must be positive")
    if not (0.0 < spec.tail[0] < 1.0 and 0.0 < spec.tail[1] <= 1.0):
        yield Problem(f"{path}.tail", "needs a score in 0..1 and a slope of at most 1")
    if min(spec.box_scale) <= 0:
        yield Problem(f"{path}.box_scale", "must be positive")


def _doubled_names(specs: list[ModelSpec]) -> Iterator[Problem]:
    names = [spec.name for spec in specs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem("model", f"the name {name!r} is used twice")
