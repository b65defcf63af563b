"""Loading much of the program at once, and nothing else."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Meanwhile no garbage is looked for: modules make none, and to go through them again and again takes as long."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
