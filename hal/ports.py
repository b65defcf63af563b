"""What the agent may ask of the hardware: the protocols every adapter fulfils, real or simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    U8 = NDArray[np.uint8]
    F32 = NDArray[np.float32]
else:

    def __getattr__(name: str) -> object:
        """The arrays' types when they are asked for: who only switches outputs off need not wait for numpy."""
        if name not in ("U8", "F32"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import numpy as np
        from numpy.typing import NDArray

        return NDArray[np.uint8 if name == "U8" else np.float32]


Polygon = Sequence[tuple[float, float]]
"""Corners in order, each (x, y) 0..1 of the frame."""


@dataclass(frozen=True, slots=True)
class Yuv420:
    """One planar 4:2:0 picture, limited-range BT.601 unless a source says otherwise.

    `y` is uint8 (height, width); `u` and `v` are uint8 (ceil(height/2), ceil(width/2)). The planes may be strided
    views of a driver's buffer: treat them as read-only and copy what must outlive the frame.
    """

    y: U8
    u: U8
    v: U8

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured picture.

    `index` rises by one with every picture the sensor made, so that a gap shows a drop. `t_s` is the time of
    exposure on the camera's monotonic clock; in a flat-out replay it is the time within the video. `main` is the full
    picture (stills, clips); `lores` is the one the vision looks at and may be the same object.
    """

    index: int
    t_s: float
    main: Yuv420
    lores: Yuv420


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """What an open camera delivers. `live` is false where waiting loses nothing (a file read flat out); `view_deg` is
    how much the picture shows from side to side, where the camera knows its lens.
    """

    source: str
    width: int
    height: int
    fps: float
    live: bool
    view_deg: float | None = None


class Camera(Protocol):
    """A source of frames, read from one thread (the capture thread)."""

    def open(self) -> CameraInfo:
        """Claim the device and start it.

        Raises CameraUnavailable or MediaUnreadable when a person must act, CameraLost when trying again may help.
        """

    def read(self, timeout_s: float) -> Frame | None:
        """Wait for the next frame; None means the source has ended for good (the end of a file).

        Raises CameraStalled after `timeout_s` without a frame and CameraLost when the source went away.
        """

    def close(self) -> None:
        """Release the device. Safe to call twice and from another thread, where it ends a waiting read."""


class VideoShape(NamedTuple):
    """The size (pixels) and nominal rate of encoded video."""

    width: int
    height: int
    fps: float


class EncodedPacket(NamedTuple):
    """One access unit of H.264 in Annex B form; a key picture brings its parameter sets along.

    `t_s` is the exposure on the clock of `Frame.t_s`, `decode_s` when a decoder needs it; they differ where the source
    reorders pictures.
    """

    data: bytes
    keyframe: bool
    t_s: float
    decode_s: float
    shape: VideoShape


PacketSink = Callable[[EncodedPacket], None]


class Recorder(Protocol):
    """Gives what the camera sees as encoded video: from the camera itself, or by encoding its frames."""

    @property
    def method(self) -> str:
        """`camera` where its own packets are passed on untouched, `software` where frames are encoded here."""

    def start(self, deliver: PacketSink) -> None:
        """Give packets to `deliver`, on a thread of the recorder's; before the camera is opened. It must not block."""

    def offer(self, frame: Frame) -> None:
        """A frame was captured: encode it soon, where that is needed. Takes microseconds."""

    def stop(self) -> None:
        """Give no more packets. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One tensor of a model: real value = (stored - zero_point) * scale; scale 0 means not quantised."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class AcceleratorInfo:
    """Where a model runs: `runtime` is litert or tflite-runtime with its version, `device` is cpu or edgetpu.

    `degraded` says in words why the wanted device is not used; empty when all is as asked.
    """

    runtime: str
    device: str
    threads: int
    degraded: str = ""


class Accelerator(Protocol):
    """One loaded model, used from one thread."""

    @property
    def info(self) -> AcceleratorInfo: ...
    @property
    def inputs(self) -> Sequence[TensorSpec]: ...
    @property
    def outputs(self) -> Sequence[TensorSpec]: ...

    def input(self, index: int = 0) -> NDArray[Any]:
        """The input tensor's own buffer, to be written in place. Drop every view of it before `invoke`."""

    def invoke(self) -> None:
        """Run the model once. Raises AcceleratorLost when the device stopped answering."""

    def output(self, index: int) -> NDArray[Any]:
        """A copy of an output tensor as stored (not dequantised)."""

    def close(self) -> None:
        """Release the model and its device."""


class Outputs(Protocol):
    """Named on/off lines: sirens, strobes, LEDs. All off when opened, all off when closed."""

    @property
    def names(self) -> Sequence[str]: ...

    def set(self, name: str, on: bool) -> None:
        """Drive one line. Raises KeyError for an unknown name, OutputUnavailable when the line cannot be driven."""

    def read(self, name: str) -> bool:
        """The state the line is in now, as read back where the hardware can tell."""

    def all_off(self) -> None:
        """Drive every line off; goes on past a failing one and raises the first OutputUnavailable at the end."""

    def close(self) -> None:
        """Switch everything off and release the lines. Safe to call twice."""


InputCallback = Callable[[str, bool, float], None]


class Inputs(Protocol):
    """Named on/off inputs: PIR, door contact, panic button."""

    @property
    def names(self) -> Sequence[str]: ...

    def read(self, name: str) -> bool:
        """The state of one input now. Raises KeyError for an unknown name."""

    def listen(self, callback: InputCallback) -> None:
        """Call `callback(name, active, t_s)` on every debounced change, from the driver's own thread."""

    def close(self) -> None:
        """Stop listening and release the lines. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class BoardSample:
    """What the board tells about itself; None is a source that this board lacks, never a guess.

    The `_now` and `_since_boot` flags are those of the firmware: slowed down at all, its frequency capped, near the
    limit of temperature, too low a voltage. `storage_kind` is mmc, sd, nvme or disk; `storage_reserve` is an eMMC's own
    word for its spare blocks (1 normal, 2 warning, 3 urgent). `storage_errors` counts from different points by source:
    only its rise means something. The clock's error is the kernel's bound. `gateway_reached` is false when the way out
    of the network did not answer lately, None when nobody asked.
    """

    soc_temp_c: float | None = None
    throttled_now: bool | None = None
    throttled_since_boot: bool | None = None
    capped_now: bool | None = None
    capped_since_boot: bool | None = None
    hot_now: bool | None = None
    hot_since_boot: bool | None = None
    under_voltage_now: bool | None = None
    under_voltage_since_boot: bool | None = None
    fan_rpm: float | None = None
    fan_level_pct: float | None = None
    load_1min: float | None = None
    mem_total_mb: float | None = None
    mem_available_mb: float | None = None
    process_rss_mb: float | None = None
    disk_free_mb: float | None = None
    disk_total_mb: float | None = None
    disk_written_mb: float | None = None
    disk_written_life_mb: float | None = None
    disk_size_mb: float | None = None
    storage_kind: str | None = None
    storage_life_used_pct: float | None = None
    storage_reserve: int | None = None
    storage_errors: int | None = None
    read_only: bool | None = None
    clock_error_s: float | None = None
    clock_frequency_ppm: float | None = None
    wifi_signal_dbm: float | None = None
    link_up: bool | None = None
    gateway_reached: bool | None = None
    accelerator_temp_c: float | None = None
    ambient_c: float | None = None
    uptime_s: float | None = None


class Board(Protocol):
    """The computer the camera runs on."""

    @property
    def model(self) -> str:
        """The board's name, such as "Raspberry Pi 4 Model B Rev 1.4"."""

    @property
    def serial(self) -> str:
        """A stable, unique id of this unit: lower-case letters and digits; `-` before which of several on a board."""

    def sample(self) -> BoardSample:
        """Read every source once. Never raises for a missing source; may wait for seconds for one that hangs."""


class Powers(Protocol):
    """What may be done to the computer as a whole."""

    def reboot(self) -> None:
        """Ask for an orderly reboot. Raises RebootRefused."""


@dataclass(frozen=True, slots=True)
class WallTime:
    """A label for people and logs, never a basis for durations: seconds since 1970 UTC and whether NTP vouches."""

    utc_s: float
    synchronised: bool


class Clock(Protocol):
    """The only source of time. The simulated one advances at once when slept on."""

    def monotonic(self) -> float: ...
    def wall(self) -> WallTime: ...
    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class LineSettings:
    """One GPIO line. `pin` is the BCM number; `active_high` false for relays that close on low."""

    pin: int
    active_high: bool = True
    pull_up: bool = False
    debounce_s: float = 0.05


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """How video is encoded where the source does not bring it.

    At most so many bits a second, a key picture every `key_s`, of the `main` or the `lores` picture.
    """

    bitrate_bps: int = 2_000_000
    key_s: float = 1.0
    stream: str = "main"


@dataclass(frozen=True, slots=True)
class ThermalSettings:
    """Which thermal array (`mlx90640` or `simulated`), where on which I2C bus, and how many pictures a second."""

    source: str
    bus: int = 1
    address: int = 0x33
    fps: float = 2.0


class ThermalArray(Protocol):
    """A low-resolution thermal camera, read from one thread."""

    def open(self) -> None:
        """Claim it, again after a loss. Raises ThermalUnavailable."""

    def read(self) -> F32:
        """Degrees Celsius (24, 32), NaN for a broken pixel; waits for the picture. Raises ThermalLost unless open."""

    def close(self) -> None:
        """Release it; a waiting read ends with ThermalLost. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class HalSettings:
    """All that `open_hal` needs to know, in the hardware's own words."""

    source: str
    width: int = 1280
    height: int = 720
    fps: float = 15.0
    paced: bool = True
    outputs: Mapping[str, LineSettings] | None = None
    readbacks: Mapping[str, LineSettings] | None = None
    sounds: Mapping[str, str] | None = None
    inputs: Mapping[str, LineSettings] | None = None
    gpio: str = "auto"
    data_dir: str = "/var/lib/aislewatch"
    instance: str = ""
    seed: int = 1
    scene: str = "shop"
    recording: RecordingSettings | None = None
    privacy_masks: Sequence[Polygon] = ()
    thermal: ThermalSettings | None = None


class Hal(Protocol):
    """The opened parts, as a context manager that releases them in reverse order."""

    @property
    def camera(self) -> Camera: ...
    @property
    def recorder(self) -> Recorder | None: ...
    @property
    def outputs(self) -> Outputs: ...
    @property
    def inputs(self) -> Inputs: ...
    @property
    def thermal(self) -> ThermalArray | None: ...
    @property
    def board(self) -> Board: ...
    @property
    def powers(self) -> Powers: ...
    @property
    def clock(self) -> Clock: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...
