"""Whether a write-ahead log was damaged, or only ends in a write that a power cut tore.

SQLite reads its log (file format: sqlite.org/fileformat2.html, section 4) up to the first frame whose checksum fails
and takes the rest for never committed. That is right for a torn end: with synchronous=FULL no transaction is begun
before the one ahead of it is on the disk, so only the last can be torn. Frames of a later transaction behind a broken
one prove that what is broken had been promised; without this check their events would be lost without a word, and
their numbers given again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

_HEADER_BYTES, _FRAME_BYTES = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)
_PAGE_BYTES = 4096
"""SQLite's own choice, for a header that cannot be believed."""

_Words = npt.NDArray[np.uint32]


def is_broken(log: Path) -> bool:
    """Whether a transaction before the last one cannot be read. Raises OSError."""
    try:
        content = log.read_bytes()
    except FileNotFoundError:
        return False
    if len(content) < _HEADER_BYTES:
        return False
    header = np.frombuffer(content, ">u4", 8).astype(np.uint32)
    big_endian = bool(header[0] & 1)
    sums = _sums(np.frombuffer(content, _order(big_endian), 6)[:, None], np.zeros((1, 2), np.uint32))
    believed = int(header[0]) in _MAGIC and bool((sums[0] == header[6:]).all())
    page_bytes = int(header[2]) if believed else _PAGE_BYTES
    count = (len(content) - _HEADER_BYTES) // (_FRAME_BYTES + page_bytes)
    frames = np.frombuffer(content, np.uint8, count * (_FRAME_BYTES + page_bytes), _HEADER_BYTES)
    return count > 1 and _breaks(frames.reshape(count, -1), header, believed, big_endian)


def _breaks(frames: npt.NDArray[np.uint8], header: _Words, believed: bool, big_endian: bool) -> bool:
    """Whether behind a frame that cannot be read, or at it, a transaction ends and another begins."""
    heads = frames[:, :_FRAME_BYTES].copy().view(">u4").astype(np.uint32)
    ends = heads[:, 1] != 0
    ours = (heads[:, 2:4] == (header[4:6] if believed else heads[0, 2:4])).all(axis=1)
    words = np.hstack([frames[:, :8], frames[:, _FRAME_BYTES:]]).view(_order(big_endian)).T
    before = np.vstack([header[6:], heads[:-1, 4:6]])
    good = ours & (_sums(words, before) == heads[:, 4:6]).all(axis=1)
    if believed and good.all():
        return False
    first = int(np.argmin(good)) if believed else 0
    return bool((ends[first:-1] & good[first + 1 :]).any())


def _sums(words: npt.NDArray[np.generic], start: _Words) -> _Words:
    """The log's checksum of many frames at once, each continued from that of the one before it.

    `words` is (words of a frame, frames), an even number of them; `start` and the result are (frames, 2).
    """
    sums_0, sums_1 = start[:, 0].copy(), start[:, 1].copy()
    for first, second in words.astype(np.uint32).reshape(len(words) // 2, 2, -1):
        sums_0 += first + sums_1
        sums_1 += second + sums_0
    return np.stack([sums_0, sums_1], axis=1)


def _order(big_endian: bool) -> str:
    return ">u4" if big_endian else "<u4"
