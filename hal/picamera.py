"""The Raspberry Pi's own camera through picamera2 and libcamera; both are imported only when it is opened."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from hal.errors import CameraLost, CameraStalled, CameraUnavailable
from hal.lenses import view_deg
from hal.masks import Masks
from hal.planes import split_nv12, split_yuv420, unwoven
from hal.ports import (
    CameraInfo,
    Clock,
    EncodedPacket,
    Frame,
    HalSettings,
    PacketSink,
    RecordingSettings,
    VideoShape,
    Yuv420,
)

_LORES_WIDTH = 640
log = logging.getLogger(__name__)

STREAMS = ("main", "lores")
_SPLITTERS = {"YUV420": split_yuv420, "NV12": split_nv12}


class Layout(NamedTuple):
    """How the driver lays out the pictures of one stream; stride in bytes."""

    width: int
    height: int
    stride: int
    pixels: str = "YUV420"

    def planes(self, buffer: Any) -> Yuv420:
        """Views of a buffer's planes. Raises ValueError or TypeError when it is too small."""
        return _SPLITTERS[self.pixels](buffer, self.width, self.height, self.stride)


class FrameCounter:
    """Numbers pictures by their sensor timestamps, so that one lost on the way leaves a gap."""

    def __init__(self) -> None:
        self._index = -1
        self._last_ns = 0

    def number(self, timestamp_ns: int, duration_us: float) -> int:
        """The index of a picture exposed at `timestamp_ns` while pictures follow each other by `duration_us`."""
        passed = round((timestamp_ns - self._last_ns) / (duration_us * 1000)) if self._index >= 0 else 1
        self._index += max(1, passed)
        self._last_ns = timestamp_ns
        return self._index


def lores_size(width: int, height: int) -> tuple[int, int]:
    """The vision's picture: the same shape, at most 640 wide, both sides even."""
    scale = min(1.0, _LORES_WIDTH / width)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2


class PiCamera:
    """A CSI camera: the full picture and a small one for the vision, both YUV420, stamped by the sensor.

    Privacy masks are burnt into the driver's buffers before the encoder or anybody else sees them.
    """

    def __init__(self, settings: HalSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._masks = Masks(settings.privacy_masks)
        self._deliver: PacketSink | None = None
        self._counter = FrameCounter()
        self._device: Any = None
        self._job: Any = None
        self._encoder: Any = None
        self._layouts: dict[str, Layout] = {}

    def open(self) -> CameraInfo:
        """Claim and start the camera. Raises CameraUnavailable."""
        self.close()
        vendor = _import_picamera2()
        try:
            if not vendor.Picamera2.global_camera_info():
                raise CameraUnavailable("no camera is connected", hint="check the ribbon cable, then `rpicam-hello`")
            self._device = vendor.Picamera2()
            self._device.configure(self._configuration())
            self.use_layouts(_layouts(self._device.camera_configuration()))
            if self._masks:
                self._device.pre_callback = lambda request: self.burn(request, vendor.MappedArray)
            self._device.start()
        except (RuntimeError, IndexError, OSError) as error:
            self.close()
            hint = "another program may use the camera: stop it; else check the cable"
            raise CameraUnavailable(f"the camera cannot be started: {_root(error)}", hint=hint) from error
        if self._deliver is not None:
            self.start_packets(self._deliver, self._settings.recording or RecordingSettings())
        main = self._layouts["main"]
        seen_deg = view_deg(self._device.camera_properties, main.width / main.height)
        return CameraInfo("picamera", main.width, main.height, self._settings.fps, live=True, view_deg=seen_deg)

    def read(self, timeout_s: float) -> Frame | None:
        """The latest picture. Raises CameraStalled or CameraLost; never None."""
        device = self._device
        if device is None:
            raise CameraLost("the camera is closed")
        request = self._await_request(device, timeout_s)
        try:
            metadata = request.get_metadata()
            main, lores = (unwoven(self._layouts[name].planes(request.make_buffer(name))) for name in STREAMS)
        except RuntimeError as error:
            raise CameraLost(f"the camera lost a picture: {error}") from error
        finally:
            request.release()
        stamp_ns = int(metadata["SensorTimestamp"])
        duration_us = float(metadata.get("FrameDuration") or 1e6 / self._settings.fps)
        return Frame(self._counter.number(stamp_ns, duration_us), stamp_ns / 1e9, main, lores)

    def close(self) -> None:
        """Stop the camera; a waiting read ends with CameraLost."""
        self.stop_packets()
        device, self._device = self._device, None
        self._job = None
        if device is not None:
            try:
                device.cancel_all_and_flush()
                device.close()
            except RuntimeError as error:  # picamera2 cannot end what it failed to begin
                log.warning("the camera was not closed in order: %s", _root(error))

    def record_to(self, deliver: PacketSink | None) -> None:
        """Give H.264 packets to `deliver` whenever the camera is open; None ends that."""
        self._deliver = deliver
        if deliver is None:
            self.stop_packets()

    def use_layouts(self, layouts: Mapping[str, Layout]) -> None:
        """Take over how the driver lays out each stream."""
        self._layouts = dict(layouts)

    def burn(self, request: Any, mapped: Any) -> None:
        """Mask both pictures of a completed request; `mapped` is picamera2's MappedArray, which locks a buffer."""
        for name, layout in self._layouts.items():
            with mapped(request, name) as buffer:
                self._masks.burn(layout.planes(buffer.array))

    def start_packets(self, deliver: PacketSink, recording: RecordingSettings) -> None:
        """Encode the full picture as H.264; `deliver` runs on the encoder's thread.

        Raises CameraUnavailable when there is no encoder, CameraLost when the camera is closed.
        """
        if self._device is None:
            raise CameraLost("the camera is closed")
        from picamera2.encoders import H264Encoder

        main = self._layouts["main"]
        shape = VideoShape(main.width, main.height, self._settings.fps)
        period = max(1, round(self._settings.fps * recording.key_s))
        encoder = H264Encoder(bitrate=recording.bitrate_bps, repeat=True, iperiod=period)
        try:
            self._device.start_encoder(encoder, _packet_output(encoder, deliver, shape), name="main")
        except (RuntimeError, OSError) as error:
            hint = "another program may use the H.264 encoder: stop it"
            raise CameraUnavailable(f"the encoder cannot be started: {_root(error)}", hint=hint) from error
        self._encoder = encoder

    def stop_packets(self) -> None:
        """End the encoding; harmless when none runs."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None and self._device is not None:
            self._device.stop_encoder(encoder)

    def _configuration(self) -> Any:
        import libcamera

        size = (self._settings.width, self._settings.height)
        duration_us = round(1e6 / self._settings.fps)
        return self._device.create_video_configuration(
            main={"size": size, "format": "YUV420"},
            lores={"size": lores_size(*size), "format": "YUV420"},
            colour_space=libcamera.ColorSpace.Smpte170m(),
            controls={"FrameDurationLimits": (duration_us, duration_us)},
            display=None,
        )

    def _await_request(self, device: Any, timeout_s: float) -> Any:
        # A job that timed out still waits in picamera2's queue: asking anew would leak the request that answers it.
        job = self._job = self._job or device.capture_request(wait=False)
        try:
            request = job.get_result(timeout=timeout_s)
        except concurrent.futures.CancelledError:
            raise CameraLost("the camera was closed") from None
        except TimeoutError:
            raise CameraStalled(f"the camera gave no picture for {timeout_s:g} s") from None
        self._job = None
        return request


def _import_picamera2() -> Any:
    try:
        import picamera2
    except ImportError as error:
        hint = "on a Raspberry Pi: `apt install python3-picamera2`, and an environment that sees system packages"
        raise CameraUnavailable(f"picamera2 is not installed ({error})", hint=hint) from error
    return picamera2


def _root(error: BaseException) -> BaseException:
    """What picamera2 hides behind "sequence did not complete"."""
    return _root(error.__cause__) if error.__cause__ else error


def _layouts(config: Any) -> dict[str, Layout]:
    """The layouts of a camera configuration, which may differ from what was asked for.

    Raises CameraUnavailable for pictures that are neither YUV420 nor NV12.
    """
    layouts = {name: _layout(config[name]) for name in STREAMS}
    foreign = {layout.pixels for layout in layouts.values()} - _SPLITTERS.keys()
    if foreign:
        hint = "use a camera whose driver gives YUV420 or NV12"
        raise CameraUnavailable(f"the camera gives {', '.join(sorted(foreign))}, which cannot be read", hint=hint)
    return layouts


def _layout(stream: Any) -> Layout:
    width, height = stream["size"]
    return Layout(width, height, stream["stride"], stream["format"])


def _packet_output(encoder: Any, deliver: PacketSink, shape: VideoShape) -> Any:
    """An output of picamera2 that hands each packet on; picamera2 stamps from the first picture it encoded."""
    from picamera2.outputs import Output

    class PacketOutput(Output):  # type: ignore[misc]
        def outputframe(
            self,
            frame: Any,
            keyframe: bool = True,
            timestamp: int | None = None,
            packet: Any = None,
            audio: bool = False,
        ) -> None:
            if self.recording and timestamp is not None and not audio:
                t_s = (encoder.firsttimestamp + timestamp) / 1e6
                deliver(EncodedPacket(bytes(frame), keyframe, t_s, t_s, shape))

    return PacketOutput()
