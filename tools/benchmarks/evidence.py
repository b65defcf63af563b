"""Goal 11: what recording costs: remuxing against encoding, the ring against its content, writes to the flash."""

from __future__ import annotations

import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import av

from agent.evidence.audit import AuditLog
from agent.evidence.keeper import Keeper
from agent.evidence.manifest import Maker, sha256
from agent.evidence.ring import Ring
from agent.evidence.segments import Segmenter
from agent.evidence.tools import Tools
from agent.keys import DeviceKey
from agent.tables.evidence import EvidenceConfig
from hal.mp4 import Muxer, examine
from hal.packets import PacketTap
from hal.ports import EncodedPacket, Frame, RecordingSettings
from hal.recorder import SoftwareRecorder
from hal.simulated.clock import ManualClock
from tools.benchmarks.footage import OWN, ROOT, Bench, clip_frames, shop_frames
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.timing import Contest, in_turn

REMUX, RING, ADDED, FLASH_MB = 0.01, 1.05, 0.10, 20.0
FPS = 15.0
STEP_S = 1.0
LEAST = 150
"""Frames of the shortest clip: 5 s before and 5 s after an incident."""
ABSENT = "no shared data here (AISLEWATCH_DATA)"


def rows(bench: Bench) -> list[Row]:
    """Each figure with what was divided by what."""
    found = [remux_row(bench, "the simulated shop, 640x360", shop_frames("shop", LEAST, width=640, height=360))]
    if bench.clip is not None:
        found.append(remux_row(bench, "the real clip, 768x432", clip_frames(bench.clip, LEAST)))
        packets = real_packets(bench.clip)
        found += [ring_row("the real clip", packets), frame_row(bench, bench.clip)]
    else:
        found += [not_measured("11", "ring / payload bytes, the real clip", RING, ABSENT)]
        found += [not_measured("11", "recording a clip, on a frame / bare invoke", ADDED, ABSENT)]
    return [*found, ring_row("the simulated shop", shop_packets()), software_row(bench), flash_row(bench)]


def encoded(frames: Sequence[Frame]) -> list[EncodedPacket]:
    """The frames as the camera encodes them where the source brings no H.264."""
    recorder = SoftwareRecorder(RecordingSettings(), FPS)
    return [packet for frame in frames for packet in recorder.encode(frame)] + recorder.finish()


def muxed(packets: Sequence[EncodedPacket], sink: Callable[[bytes], None]) -> None:
    """All packets as fragmented MP4."""
    muxer = Muxer(sink, packets[0].shape)
    for packet in packets:
        muxer.write(packet)
    muxer.close()


def remux_row(bench: Bench, what: str, frames: Sequence[Frame]) -> Row:
    """The same frames encoded, and their packets put into MP4."""
    packets = encoded(frames)
    rounds = range(bench.count(30, 6))
    pairs = [(cpu_ms(lambda: muxed(packets, _drop)), cpu_ms(lambda: encoded(frames))) for _ in rounds]
    contest = Contest([ours for ours, _ in pairs], [floor for _, floor in pairs])
    words = f"{contest.words('encoding them with libx264 ultrafast')}, {len(frames)} frames, time of all threads"
    return Row("11", f"clip remux / encode, {what}", contest.ratio, REMUX, words)


def _drop(data: bytes) -> None:
    """Nobody wants the bytes."""


def software_row(bench: Bench) -> Row:
    """What encoding costs where the source brings no H.264: told only, it depends on the machine."""
    frames = shop_frames("shop", 60)
    ms = median(cpu_ms(lambda: encoded(frames)) / len(frames) for _ in range(bench.count(9, 3)))
    words = f"libx264 ultrafast, 1280x720 of the simulated shop: {ms * FPS / 10:.1f} % of one core at 15 fps"
    return Row("11", "software encoding of a frame, ms (told)", ms, None, words)


def cpu_ms(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, on whatever threads it was spent."""
    start_s = time.process_time()
    work()
    return (time.process_time() - start_s) * 1e3


def real_packets(clip: Path) -> list[EncodedPacket]:
    """The clip's own packets."""
    found: list[EncodedPacket] = []
    tap = PacketTap()
    tap.send_to(found.append)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        tap.open(stream, float(stream.average_rate or FPS))
        for packet in container.demux(stream):
            tap.take(packet)
        tap.place(0.0, 0.0)
    return found


def shop_packets() -> list[EncodedPacket]:
    """Twenty seconds of the simulated shop."""
    return encoded(shop_frames("shop", round(20 * FPS), width=640, height=360))


def ring_row(what: str, packets: Sequence[EncodedPacket]) -> Row:
    """Memory that a ring of 15 s takes, as the allocator counts it, against the bytes of video in it."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ring = Ring(15.0, 64 << 20)
    for packet in packets:
        ring.add(packet._replace(data=bytes(bytearray(packet.data)), t_s=packet.t_s + 0.0))
    gc.collect()  # what the interpreter keeps of freed tuples for the next ones is none of the ring's
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    words = f"{taken} bytes by tracemalloc for {ring.payload} bytes of packets, 15 s"
    return Row("11", f"ring / payload bytes, {what}", taken / ring.payload, RING, words)


def frame_row(bench: Bench, clip: Path) -> Row:
    """All that is done for a frame while a clip is written (but the disk's own time), against the model alone."""
    detector = bench.detectors.open()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        source = [packet for packet in container.demux(stream) if packet.size]
        ring = Ring(15.0, 16 << 20)
        tap = PacketTap()
        tap.send_to(ring.add)
        tap.open(stream, FPS)
        group = next(n for n, packet in enumerate(source) if n and packet.is_keyframe)
        rest = cycle(range(0, len(source) - group, group))

        def record() -> None:
            start = next(rest)
            for packet in islice(source, start, start + group):
                tap.take(packet)
            tap.place(0.0, 0.0)
            segments = Segmenter()
            found: list[bytes] = []
            packets = [one.packet for one in ring.since(ring.begin_at(ring.last_s))]
            muxed(packets, lambda data: found.extend(segments.feed(data)))
            for segment in found:
                sha256(segment)

        detector.detect(clip_frames(clip, 1)[0].lores)
        contest = in_turn(record, detector.bare_invoke_ms, bench.count(60, 10))
    model = "our model" if bench.model == OWN else bench.model
    words = f"{contest.words(f'one invoke of {model}')}; for {group} frames at once: taking, keeping, muxing, hashing"
    return Row("11", "recording a clip, on a frame / bare invoke", contest.ratio / group, ADDED, words)


def flash_row(bench: Bench) -> Row:
    """A day without an incident, by a clock of its own; what the kernel counts as written for this process."""
    figure = "flash written in a day without an incident, MB"
    before = _written()
    if before is None:
        return not_measured("11", figure, FLASH_MB, "the kernel does not tell what a process writes here")
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    hours = bench.count(24, 2)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _idle(Path(folder), hours * 3600)
        written = ((_written() or 0) - before) * 24 / hours / 1e6
    return Row("11", figure, written, FLASH_MB, f"{hours} hours of turns of the evidence thread with video coming in")


def _idle(folder: Path, seconds: int) -> None:
    clock, key = ManualClock(1000.0), DeviceKey.generate()
    done: Future[None] = Future()
    done.set_result(None)
    tools = Tools(
        config=EvidenceConfig(min_free_mb=0.0),
        folder=folder,
        clock=clock,
        key=key,
        audit=AuditLog(folder, key, clock, "bench"),
        maker=Maker("bench", "bench", "0", "none", "bench", 0),
        method=lambda: "software",
        open_muxer=Muxer,
        examine=examine,
        announce=lambda event: done,
        report=lambda sample: None,
    )
    keeper = Keeper(tools)
    packet = encoded(shop_frames("shop", 1, width=64, height=48))[0]
    for _ in range(round(seconds / STEP_S)):
        now_s = clock.monotonic()
        keeper.ring.add(packet._replace(t_s=now_s, decode_s=now_s))
        clock.sleep(STEP_S)
        keeper.turn()


def _written() -> int | None:
    """Bytes this process has sent towards the disk."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])
    return None
