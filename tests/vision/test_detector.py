"""The detector with real models: people found, goldens bit for bit, and a model that is not what the manifest says."""

from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
import pytest

from agent.domain import Box, iou
from agent.errors import ModelError
from agent.models import Catalogue, detect_files
from agent.models.stills import PictureUnreadable, read_picture
from agent.vision.detector import Detector, StageTimes
from agent.vision.spec import ModelSpec
from hal.ports import U8, Yuv420
from hal.tflite import open_accelerator
from models import golden

PERSON_MODELS = [spec.name for spec in Catalogue.load().specs if spec.task == "person"]
GOLDENS = [path for path in sorted(golden.GOLDENS.glob("*.json")) if golden.load(path).outputs]


def catalogue(shared: Path) -> Catalogue:
    return Catalogue.load(places=[shared / "models"])


def open_detector(shared: Path, name: str, *, spec: ModelSpec | None = None, reference: bool = False) -> Detector:
    known = catalogue(shared)
    entry = spec or known.spec(name)
    accelerator = open_accelerator(known.read(known.spec(name)), device="cpu", reference_kernels=reference)
    return Detector(accelerator, entry)


def video_frame(shared: Path, number: int) -> tuple[Yuv420, U8]:
    """One frame of the one-by-one clip as planes and as RGB."""
    with av.open(str(shared / "video" / "intel_one-by-one-person-detection.mp4")) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index == number:
                planes = np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8).reshape(-1)
                luma, quarter = frame.width * frame.height, frame.width * frame.height // 4
                half = (frame.height // 2, frame.width // 2)
                y = planes[:luma].reshape(frame.height, frame.width)
                u = planes[luma : luma + quarter].reshape(half)
                v = planes[luma + quarter :].reshape(half)
                return Yuv420(y, u, v), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    raise AssertionError(f"the clip has no frame {number}")


@pytest.mark.parametrize("name", PERSON_MODELS)
def test_the_one_person_is_found_and_the_empty_room_is_empty(shared_data: Path, name: str) -> None:
    detector = open_detector(shared_data, name)
    assert detector.spec.scores is not None
    confirm = detector.spec.scores.day.confirm_score
    planes, rgb = video_frame(shared_data, 150)
    found = [detection for detection in detector.detect(planes) if detection.score >= confirm]
    assert len(found) == 1
    assert iou(found[0].box, Box(0.50, 0.03, 0.67, 0.90)) > 0.7
    twin = detector.detect_rgb(rgb)[0]
    assert iou(found[0].box, twin.box) > 0.9
    assert twin.score == pytest.approx(found[0].score, abs=0.06)
    empty = detector.detect(video_frame(shared_data, 20)[0])
    assert not [detection for detection in empty if detection.score >= confirm]


@pytest.mark.parametrize("name", PERSON_MODELS)
def test_detections_are_sorted_inside_the_picture_and_repeatable(shared_data: Path, name: str) -> None:
    detector = open_detector(shared_data, name)
    planes, _ = video_frame(shared_data, 600)
    found = detector.detect(planes)
    assert found == detector.detect(planes)
    scores = [detection.score for detection in found]
    assert scores == sorted(scores, reverse=True)
    for box, score in found:
        assert 0.0 <= box.x1 < box.x2 <= 1.0
        assert 0.0 <= box.y1 < box.y2 <= 1.0
        assert 0.05 <= score <= 1.0


def test_stage_times_come_from_the_clock_that_is_passed_in() -> None:
    known = Catalogue.load(places=())
    spec = known.spec("person-m")
    ticks = iter([1.0, 1.25, 2.25, 2.75])
    detector = Detector(open_accelerator(known.read(spec), device="cpu"), spec, monotonic=ticks.__next__)
    assert detector.times == StageTimes()
    detector.detect_rgb(np.zeros((90, 160, 3), np.uint8))
    assert detector.times == StageTimes(input_ms=250.0, invoke_ms=1000.0, decode_ms=500.0)


def test_a_model_of_another_shape_is_refused_with_both_shapes(shared_data: Path) -> None:
    other = catalogue(shared_data).spec("yolox-192")
    with pytest.raises(ModelError, match=r"takes uint8 \[1, 300, 300, 3\], but .* float32 \[1, 3, 192, 192\]"):
        open_detector(shared_data, "coco-ssd", spec=other)


def test_a_model_of_other_outputs_is_refused(shared_data: Path) -> None:
    known = catalogue(shared_data)
    wrong = msgspec.structs.replace(known.spec("coco-ssd"), decoder="yolox_grid")
    with pytest.raises(ModelError, match=r"its outputs are .* yolox_grid needs"):
        open_detector(shared_data, "coco-ssd", spec=wrong)


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_reference_kernels_give_the_golden_bits(shared_data: Path, path: Path) -> None:
    expected = golden.load(path)
    known = catalogue(shared_data)
    spec = known.spec(expected.model)
    assert spec.sha256 == expected.sha256, f"the model changed: tools/make_goldens.py {spec.name}"
    accelerator = open_accelerator(known.read(spec), device="cpu", reference_kernels=True)
    assert golden.outputs(accelerator) == expected.outputs


def test_pictures_in_files_give_pixel_boxes(shared_data: Path, tmp_path: Path) -> None:
    _, rgb = video_frame(shared_data, 150)
    for suffix in ("jpg", "png", "bmp"):
        cv2.imwrite(str(tmp_path / f"shop.{suffix}"), rgb[..., ::-1])
    detector = open_detector(shared_data, "person-m")
    lines = list(detect_files(detector, sorted(tmp_path.iterdir())))
    assert [Path(str(line["image"])).name for line in lines] == ["shop.bmp", "shop.jpg", "shop.png"]
    exact = detector.detect_rgb(rgb)
    boxes, scores = lines[2]["boxes"], lines[2]["scores"]
    assert isinstance(boxes, list)
    assert isinstance(scores, list)
    assert len(boxes) == len(scores) == len(exact)
    assert boxes[0] == pytest.approx([v * s for v, s in zip(exact[0].box, (768, 432, 768, 432), strict=True)], abs=0.06)
    assert scores[0] == pytest.approx(exact[0].score, abs=1e-4)


@pytest.mark.parametrize("content", [None, b"", b"no picture at all", b"\xff\xd8\xff\xe0 cut"])
def test_a_file_that_is_no_picture_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PictureUnreadable, match=r"bad\.jpg"):
        read_picture(path)


def test_red_is_red(tmp_path: Path) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[..., 2] = 255
    cv2.imwrite(str(tmp_path / "red.png"), picture)
    assert read_picture(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]
