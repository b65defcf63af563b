"""Waiting for what another thread or process brings about, without a fixed sleep."""

import threading
from collections.abc import Callable


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Return once the condition holds; fails when it does not within the time."""
    pause = threading.Event()
    assert any(condition() or pause.wait(0.01) for _ in range(round(seconds * 100))), f"not within {seconds:g} s"
