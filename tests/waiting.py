"""Waiting for what another thread or process brings about, without a fixed sleep, and what a busy computer adds."""

import threading
from collections.abc import Callable
from pathlib import Path


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Return once the condition holds; fails when it does not within the time."""
    pause = threading.Event()
    assert any(condition() or pause.wait(0.01) for _ in range(round(seconds * 100))), f"not within {seconds:g} s"


def queued_s(task: str = "thread-self") -> float:
    """How long a thread or process (a folder of /proc) has been ready to run while others ran.

    That is what a busy computer takes from everybody: see schedstat in proc(5). Raises OSError once it is gone.
    """
    return int((Path("/proc") / task / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
