"""A pytest plugin: picamera2 as it is, made to work with libcamera's `virtual` camera, which is no Pi's.

The virtual camera has no raw pictures, and its buffers have two planes, which picamera2's own allocator cannot make.
Raspberry Pi's kms, only wanted for a screen, knows nothing but the names of pixel formats. Where picamera2 finds no
board it expects a Pi 4's encoder; a Pi 5, which has none, takes the one in software, and so does this.
"""

from __future__ import annotations

import mmap
import sys
import types
from typing import Any


class _AnyName(type):
    def __getattr__(cls, name: str) -> str:
        return name


class _PixelFormat(metaclass=_AnyName):
    """Every pixel format there is, by name."""


_kms = types.ModuleType("pykms")
_kms.PixelFormat = _PixelFormat  # type: ignore[attr-defined]
sys.modules["pykms"] = _kms

import picamera2  # noqa: E402
import picamera2.encoders  # noqa: E402
from picamera2.allocators import LibcameraAllocator  # noqa: E402


class _Mapping:
    """The memory of a buffer, for as long as anybody looks at it: the encoder does so for longer than it says."""

    def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
        self._planes = buffer.planes
        self._used = buffer.metadata.planes

    def __enter__(self) -> mmap.mmap:
        return mmap.mmap(self._planes[0].fd, sum(plane.bytes_used for plane in self._used))

    def __exit__(self, *failure: Any) -> None:
        return None


class VirtualPicamera2(picamera2.Picamera2):  # type: ignore[misc]
    """picamera2 with the buffers that libcamera itself makes, and no raw mode to choose from."""

    def __init__(self) -> None:
        super().__init__()
        self.allocator = LibcameraAllocator(self.camera)
        self.allocator.sync = _Mapping

    def start_(self) -> None:
        """The virtual camera answers at once; a picture released before picamera2 has started never returns."""
        with self._cm._lock:
            super().start_()

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        return [{"format": "NV12", "size": (1280, 720)}]


picamera2.Picamera2 = VirtualPicamera2
picamera2.encoders.H264Encoder = picamera2.encoders.LibavH264Encoder
