"""Finds people in one picture: fill the input, run the model, decode, suppress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.domain import Box, Detection
from agent.errors import ModelError
from agent.vision.decode import Candidates, decoder_for
from agent.vision.preprocess import Preparer
from agent.vision.reference import Reference
from agent.vision.spec import ModelSpec
from agent.vision.suppress import SUPPRESSORS
from hal.ports import F32, U8, Accelerator, AcceleratorInfo, Yuv420

MIN_SCORE = 0.05


@dataclass(frozen=True, slots=True)
class StageTimes:
    """What the last picture cost, by stage, in milliseconds."""

    input_ms: float = 0.0
    invoke_ms: float = 0.0
    decode_ms: float = 0.0


def _no_clock() -> float:
    return 0.0


class Detector:
    """A person model on an accelerator.

    `monotonic` reads a clock in seconds for the stage times (`times`); without one they stay 0. `degraded` says why
    this one stands in for another, `blind` what it got wrong when it last looked at its `reference`. Object masks
    belong after this, on the detections. Raises ModelError where the loaded model is not what the manifest says.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        spec: ModelSpec,
        *,
        min_score: float = MIN_SCORE,
        monotonic: Callable[[], float] = _no_clock,
        degraded: str = "",
        reference: Reference | None = None,
    ) -> None:
        require_input(accelerator, spec)
        self.spec = spec
        self.times = StageTimes()
        self.blind = ""
        self._reference = reference
        self._accelerator = accelerator
        self._preparer = Preparer(spec.input)
        self._decoder = decoder_for(spec, accelerator.outputs, min_score)
        self._suppress = SUPPRESSORS[spec.nms]
        self._monotonic = monotonic
        self._degraded = degraded

    @property
    def accelerator_info(self) -> AcceleratorInfo:
        """Where the model runs."""
        info = self._accelerator.info
        return replace(info, degraded=self._degraded) if self._degraded else info

    def close(self) -> None:
        """Release the model and its device."""
        self._accelerator.close()

    def detect(self, picture: Yuv420) -> list[Detection]:
        """The people in a camera's picture, best first, boxes within 0..1. Raises AcceleratorLost."""
        start = self._monotonic()
        filled = self._preparer.fill(picture, self._accelerator.input())
        return self._infer(start, filled)

    def detect_rgb(self, picture: U8) -> list[Detection]:
        """The people in an RGB picture (height, width, 3), such as one read from a file. Raises AcceleratorLost."""
        start = self._monotonic()
        filled = self._preparer.fill_rgb(picture, self._accelerator.input())
        return self._infer(start, filled)

    def prove(self) -> str:
        """Look at the reference picture: what is wrong with what it sees there, "" where nothing is.

        Costs one look. Raises AcceleratorLost.
        """
        if self._reference and self.spec.scores:
            self.blind = self._reference.mistakes(self.detect(self._reference.picture), self.spec.scores.day)
        return self.blind

    def bare_invoke_ms(self) -> float:
        """The cost of running the model on what its input holds, and nothing else: the yardstick of the walk."""
        start = self._monotonic()
        self._accelerator.invoke()
        return (self._monotonic() - start) * 1e3

    def _infer(self, start: float, filled: tuple[float, float]) -> list[Detection]:
        ready = self._monotonic()
        self._accelerator.invoke()
        invoked = self._monotonic()
        boxes, scores = self._suppressed(self._decoder.candidates(self._accelerator.output))
        detections = _detections(boxes, scores, filled)
        done = self._monotonic()
        self.times = StageTimes((ready - start) * 1e3, (invoked - ready) * 1e3, (done - invoked) * 1e3)
        return detections

    def _suppressed(self, candidates: Candidates) -> tuple[F32, F32]:
        if len(candidates.scores) == 0:
            return candidates
        return self._suppress(candidates.boxes, candidates.scores, self.spec.nms_iou)


def require_input(accelerator: Accelerator, spec: ModelSpec) -> None:
    """Raises ModelError when the loaded model does not take the picture that the manifest describes."""
    found = [(tensor.shape, tensor.dtype) for tensor in accelerator.inputs]
    if found == [(spec.input.shape, spec.input.dtype)]:
        return
    words = ", ".join(f"{dtype} {list(shape)}" for shape, dtype in found)
    raise ModelError(
        f"model {spec.name} ({spec.filename}) takes {words}, but its manifest entry says "
        f"{spec.input.dtype} {list(spec.input.shape)}",
        hint="the file or its entry in models/manifest.toml is the wrong one",
    )


def _detections(boxes: F32, scores: F32, filled: tuple[float, float]) -> list[Detection]:
    """Boxes of the model's input as shares of the picture, cut at its edges; what is left empty is dropped."""
    width, height = filled
    found = []
    for (x1, y1, x2, y2), score in zip(boxes.tolist(), scores.tolist(), strict=True):
        left, right = max(x1 / width, 0.0), min(x2 / width, 1.0)
        top, bottom = max(y1 / height, 0.0), min(y2 / height, 1.0)
        if right > left and bottom > top:
            found.append(Detection(Box(left, top, right, bottom), score))
    return found
