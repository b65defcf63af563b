"""Runs a camera for a long time with ten times the usual events, and says whether it leaks.

    python tools/soak.py [--minutes N] [--scene NAME] [--samples FILE] [--document FILE] [--json]

The camera is a process of its own, as on a device: the simulated shop's crowd, clips and all, every person in ten
zones at once; what it may keep of the past is set low, so that it is full before anything is measured. Memory, open
files and tasks are read from outside. The slope of memory is that of ordinary least squares after the warm-up, over
the medians of short spans; its interval allows for values that follow each other (Santer et al. 2000: Student's t with
as many degrees of freedom as the residuals' lag-1 correlation leaves).
Exit status 1 when memory rises significantly, when it moved too much to tell, or when files or tasks pile up. A soak
that is ended early (SIGTERM, SIGINT) ends its camera; the samples so far are in their file.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple, NoReturn, TextIO

import numpy as np

from tools.loopback import free_port

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from tools.benchmarks.report import Row, as_json, as_markdown, as_text, exit_code, write_section

EVERY_S = 2.0
ENDS_WITHIN_S = 30.0
LOG = "log.txt"
CROWDED = 10
"""Zones that everybody is in."""
WARM_SHARE, WARM_LEAST_S, WARM_MOST_S = 0.33, 50.0, 1800.0
"""Shelves, clips and incidents are full after some minutes, the database's page cache (2 MiB) and the heap's gaps after
half an hour."""
SPANS = 100
"""Memory moves in steps that last for minutes: from one sample to the next their correlation is lost in rounding."""
MINOR_MB_H = 0.5
"""A rise that takes a month to fill what a small board has spare is not looked for."""
SEEN_MB_H = 2.0
"""A rise of so much must show as more than a minor one, or the soak says nothing."""
PILE = 2
"""Files or tasks more at the end than in the middle that still count as flat: a clip may be in the making."""
ZONE = """
[[zone]]
name = "z{n}"
kind = "restricted"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
report_dwell = true
[[rule]]
kind = "restricted"
zone = "z{n}"
severity = "warning"
actions = ["siren"]
"""
CONFIG = """
[camera]
name = "soak"
scene = "{scene}"
width = 640
height = 360
fps = 10
[api]
port = {port}
tls_port = 0
announce = false
[storage]
data_dir = "{folder}"
max_events = 2000
[evidence]
quota_mb = 60
max_clip_s = 30
min_free_mb = 0
[review]
max_incidents = 100
[gpio]
driver = "simulated"
[[output]]
name = "siren"
pin = 17
"""


class Sample(NamedTuple):
    """The process at a time: resident MiB, open files, tasks of the loop, events journaled."""

    t_s: float
    rss_mb: float
    files: int
    tasks: int
    events: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a soak showed; the slope with its 95 % interval, MiB an hour."""

    minutes: float
    samples: int
    events: int
    rss_mb: float
    slope_mb_h: float
    low_mb_h: float
    high_mb_h: float
    files: tuple[int, int]
    tasks: tuple[int, int]


def slope(times_h: Sequence[float], values: Sequence[float]) -> tuple[float, float, float]:
    """Least squares with a 95 % interval; the degrees of freedom shrink with the residuals' lag-1 correlation."""
    x, y = np.asarray(times_h), np.asarray(values)
    design = np.stack([x, np.ones_like(x)], axis=1)
    (rise, level), *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - rise * x - level
    spread = float((rest**2).sum())
    phi = max(float((rest[1:] * rest[:-1]).sum() / spread), 0.0) if spread else 0.0
    freedom = max(len(x) * (1 - phi) / (1 + phi) - 2, 1.0)
    half = _student(freedom) * float(np.sqrt(spread / freedom / ((x - x.mean()) ** 2).sum()))
    return float(rise), float(rise) - half, float(rise) + half


def _student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, between the entries of its table by the inverse of the freedom."""
    known = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 7: 2.365, 10: 2.228, 15: 2.131, 30: 2.042, 1e9: 1.960}
    return float(np.interp(-1 / freedom, [-1 / entry for entry in known], list(known.values())))


def spans(samples: Sequence[Sample]) -> tuple[list[float], list[float]]:
    """Hours and median MiB of `SPANS` parts of the time, less those without a sample."""
    start_s, whole_s = samples[0].t_s, samples[-1].t_s - samples[0].t_s
    parts: dict[int, list[Sample]] = {}
    for sample in samples:
        parts.setdefault(int((sample.t_s - start_s) / whole_s * (SPANS - 1e-6)), []).append(sample)
    times_h = [median(sample.t_s for sample in part) / 3600 for part in parts.values()]
    return times_h, [median(sample.rss_mb for sample in part) for part in parts.values()]


def judge(samples: Sequence[Sample]) -> Verdict:
    """Leave the warm-up out, and compare the thirds of what is left."""
    whole_s = samples[-1].t_s - samples[0].t_s
    warm_s = min(max(whole_s * WARM_SHARE, WARM_LEAST_S), WARM_MOST_S)
    kept = [sample for sample in samples if sample.t_s - samples[0].t_s >= warm_s]
    third = max(len(kept) // 3, 1)
    rise, low, high = slope(*spans(kept))

    def ends(name: str) -> tuple[int, int]:
        values = [getattr(sample, name) for sample in kept]
        return round(median(values[:third])), round(median(values[-third:]))

    return Verdict(
        minutes=whole_s / 60,
        samples=len(kept),
        events=samples[-1].events - samples[0].events,
        rss_mb=kept[-1].rss_mb,
        slope_mb_h=rise,
        low_mb_h=low,
        high_mb_h=high,
        files=ends("files"),
        tasks=ends("tasks"),
    )


def soak(minutes: float, scene: str = "crowd", told: Callable[[Sample], None] = lambda sample: None) -> list[Sample]:
    """Run a camera for so long; each sample is `told` as it is taken.

    Raises RuntimeError when the camera does not start or ends by itself.
    """
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, running(Path(folder), scene) as (pid, url):
        end_s = time.monotonic() + minutes * 60
        samples = []
        while time.monotonic() < end_s:
            try:
                samples.append(look(pid, url))
            except RuntimeError as error:
                raise RuntimeError(f"{error} {(Path(folder) / LOG).read_text()[-2000:]}") from error
            told(samples[-1])
            time.sleep(EVERY_S)
    return samples


@contextmanager
def running(folder: Path, scene: str) -> Iterator[tuple[int, str]]:
    """A camera at work: its process and its address."""
    port = free_port()
    config = folder / "camera.toml"
    zones = "".join(ZONE.format(n=n) for n in range(CROWDED))
    config.write_text(CONFIG.format(scene=scene, port=port, folder=folder / "data") + zones)
    with (folder / LOG).open("w") as log:
        command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, cwd=Path(__file__).parents[1])
        try:
            url = f"http://127.0.0.1:{port}"
            _await(process, url, folder / LOG)
            yield process.pid, url
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """In order, or by force where that takes too long or nobody waits for it."""
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
    finally:
        process.kill()
        process.wait()


def look(pid: int, url: str) -> Sample:
    """The process from outside, and what it tells of itself. Raises RuntimeError when it is gone."""
    try:
        text = urllib.request.urlopen(f"{url}/metrics", timeout=10).read().decode()
        status = Path(f"/proc/{pid}/status").read_text()
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError as error:
        raise RuntimeError(f"the camera does not answer any more: {error}") from error
    rss = re.search(r"VmRSS:\s+(\d+)", status)
    assert rss is not None
    return Sample(
        time.monotonic(),
        int(rss[1]) / 1024,
        files,
        round(_metric(text, "aislewatch_tasks")),
        round(_metric(text, "aislewatch_journal_events_total")),
    )


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the camera ended: {log.read_text()[-2000:]}")
        try:
            look(process.pid, url)
        except RuntimeError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the camera did not answer within a minute")


def _metric(text: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the camera does not tell {name}")
    return float(found[1])


def rows(verdict: Verdict) -> Iterator[Row]:
    """The verdict as rows of docs/benchmarks.md."""
    run = f"{verdict.minutes:.0f} min, {verdict.events} events, {verdict.rss_mb:.0f} MiB at the end"
    bounds = f"{verdict.slope_mb_h:.2f} MiB an hour, 95 % interval {verdict.low_mb_h:.2f} to {verdict.high_mb_h:.2f}"
    yield Row("soak", "rise of memory, MiB an hour, lower bound", verdict.low_mb_h, MINOR_MB_H, f"{bounds}; {run}")
    told = f"a rise of {SEEN_MB_H:g} MiB an hour would have shown where it is no more than the target"
    half = (verdict.high_mb_h - verdict.low_mb_h) / 2
    yield Row("soak", "half of that interval", half, SEEN_MB_H - MINOR_MB_H, told)
    for name, (early, late) in (("open files", verdict.files), ("tasks", verdict.tasks)):
        yield Row("soak", f"{name}, last third less first", late - early, PILE, f"{name}: {early}, then {late}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0, help="how long (default two hours)")
    parser.add_argument("--scene", default="crowd", help="the simulated scene")
    parser.add_argument("--samples", type=Path, help="write every sample there, one JSON object a line")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with ExitStack() as opened:
        file = opened.enter_context(options.samples.open("w", buffering=1)) if options.samples else None
        samples = soak(options.minutes, options.scene, lambda sample: _write(file, sample))
    found = list(rows(judge(samples)))
    for row in found:
        print(as_json(row) if options.json else as_text(row))
    if options.document:
        about = f"`python tools/soak.py --minutes {options.minutes:g}`: ten times the usual events, seen from outside."
        write_section(options.document, "soak", f"## Soak\n\n{about}\n\n{as_markdown(found)}")
    return exit_code(found)


def _leave(number: int, _: object) -> NoReturn:
    """End as whoever is asked to by a signal, on the way that ends the camera, too."""
    sys.exit(128 + number)


def _write(file: TextIO | None, sample: Sample) -> None:
    if file:
        file.write(f"{json.dumps(sample._asdict())}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(str(error))
