"""What malloc was told holds: threads share two heaps, large blocks go back for good, no huge pages are made."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from hal import memory

BUSY = """
import ctypes, threading
from pathlib import Path
from hal import memory

def take(_=None):
    together.wait()
    taken.append(libc.malloc(5000))
    together.wait()

lacks = memory.settle()
assert not lacks, lacks
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = libc.malloc.argtypes = [ctypes.c_void_p]
together, taken = threading.Barrier(4), []
threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.free(libc.malloc(20 << 20))
large = libc.malloc(5 << 20)
heap = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]"))
first, last = (int(end, 16) for end in heap.split()[0].split("-"))
print("large block in the heap:", first <= large < last, flush=True)
memory.trim()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
print(Path("/proc/self/status").read_text(), flush=True)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc can be asked what malloc does")
def test_a_process_that_settled_shares_its_heaps_and_gives_large_blocks_back() -> None:
    told = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=60, check=True).stdout
    assert re.findall(r'<heap nr="(\d+)">', told) == ["0", "1"], "two heaps for five threads"
    assert "large block in the heap: False" in told, "though one of 20 MiB was freed before"
    assert re.search(r"THP_enabled:\s+0", told)


def test_what_cannot_be_had_is_told() -> None:
    refused = memory.settle(SimpleNamespace(prctl=lambda *_: -1))
    assert "no mallopt" in refused[0]
    assert "huge pages" in refused[1]
    deaf = SimpleNamespace(prctl=lambda *_: 0, mallopt=lambda option, _: option != -8)
    assert memory.settle(deaf) == ["malloc does not take the number of heaps"]
