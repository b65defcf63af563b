"""Whether this machine has a camera that libcamera and picamera2 see."""

import pytest


def require_csi_camera() -> None:
    """Skip where there is none; the laboratory brings picamera2 with libcamera's virtual camera (tests/lab)."""
    picamera2 = pytest.importorskip("picamera2", reason="picamera2 is not installed here; tests/lab runs this with it")
    if not picamera2.Picamera2.global_camera_info():
        pytest.skip("libcamera sees no camera here")
