"""How this process takes memory and gives it back: malloc and huge pages, settled for a small board.

Left alone, glibc keeps up to eight heaps a core, and lets go of large blocks ever more rarely: its threshold for them
follows the largest that was freed, up to 32 MiB (mallopt(3), "dynamic mmap threshold"). Numpy asks for huge pages
where an array is large (madvise(2)), and the kernel fills them in behind the program's back, 2 MiB at a time. Both
make memory rise for hours in steps that no code of ours takes. docs/health.md, "Does it leak", has the figures.
"""

from __future__ import annotations

import ctypes
import functools
import logging
from typing import Any

log = logging.getLogger(__name__)

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_PR_SET_THP_DISABLE = 41
_MALLOC = {
    "the number of heaps": (_M_ARENA_MAX, 2),
    "where large blocks begin": (_M_MMAP_THRESHOLD, 4 << 20),
    "how much may stay free at the heap's end": (_M_TRIM_THRESHOLD, 8 << 20),
}
"""Two heaps keep what the walk takes and drops from what the loop keeps: a single one grew by 2 MiB now and then.
Planes and masks of a frame stay in them, where they cost no page faults: at 256 KiB they cost 140 a frame, a
millisecond. What is larger goes back at once. That these are fixed keeps them from following the program."""


def settle(libc: Any = None) -> list[str]:
    """Settle it for as long as the process lives, before it has threads. Returns what cannot be had here, in words.

    Children inherit the kernel's half of it (prctl(2), PR_SET_THP_DISABLE), but not malloc's. `libc` is the process's
    own C library unless another is given.
    """
    libc = libc or _libc()
    mallopt = getattr(libc, "mallopt", None)
    if mallopt is None:
        lacks = ["malloc stays as it is: this C library has no mallopt"]
    else:
        lacks = [f"malloc does not take {what}" for what, setting in _MALLOC.items() if not mallopt(*setting)]
    if libc.prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0):
        lacks.append("the kernel does not let go of huge pages")
    for lack in lacks:
        log.info("memory is taken as ever: %s", lack)
    return lacks


def trim() -> bool:
    """Give the kernel back every page of the heap that holds nothing; whether there were any.

    Takes up to tens of milliseconds in which no other thread gets memory: once, at the end of the start.
    """
    malloc_trim = getattr(_libc(), "malloc_trim", None)
    return malloc_trim is not None and bool(malloc_trim(0))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
