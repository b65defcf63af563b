"""H.264 for tests: files with reordered pictures, and packets without a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from hal.ports import EncodedPacket, Frame, RecordingSettings, Yuv420
from hal.recorder import SoftwareRecorder
from tests.contract.footage import grey, luma_of
from tests.pictures import grey_planes


def write_h264(path: Path, *, pictures: int = 40, size: tuple[int, int] = (64, 48), fps: int = 10) -> Path:
    """A file whose pictures tell their number by their brightness; a key picture every ten, with B pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"g": "10", "bf": "2", "preset": "veryfast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(pictures):
            image = grey(luma_of(number), size)
            image.pts, image.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def packets_of(
    count: int, *, start_s: float = 0.0, fps: float = 10.0, key_s: float = 1.0, size: tuple[int, int] = (64, 48)
) -> list[EncodedPacket]:
    """So many packets of even pictures, the first at `start_s`; picture n is as bright as `luma_of(n)`."""
    recorder = SoftwareRecorder(RecordingSettings(key_s=key_s), fps)
    found: list[EncodedPacket] = []
    for number in range(count):
        picture: Yuv420 = grey_planes(luma_of(number), size)
        found += recorder.encode(Frame(number, start_s + number / fps, picture, picture))
    return found + recorder.finish()
