"""A healthy camera on a busy computer: the doctor is asked again and again, and should find nothing.

A whole simulated camera, claimed and linked to a hub, is asked from a laptop with a pass while other programs want all
the processors and write to the disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hal.system import SystemClock
from tools.newcomer_shop import ROOT, SIREN, Shop, open_shop

LEARNED = f"{SIREN}\n[health]\nlearn_s = 3\n"
BURN = "while True: sum(range(10**6))"
WRITE = """
import os, sys, tempfile
block = os.urandom(1 << 20)
while True:
    with tempfile.TemporaryFile(dir=sys.argv[1]) as file:
        for _ in range(64):
            file.write(block)
        os.fsync(file.fileno())
"""


NOT_OURS = "ntp"
"""Where no time server vouches for this computer's own clock, the doctor is right to say so."""


class Asked(NamedTuple):
    """One look: the load of one minute a processor, and what was found that nothing else explains."""

    load: float
    found: Sequence[str]

    @property
    def cried(self) -> bool:
        """Whether the camera was blamed, rather than those who take its processors."""
        return any(check != "processor" for check in self.found)


def healthy_looks(times: int, burners_each: int) -> Iterator[Asked]:
    """Ask so often, with so many programs a processor that want it. Raises RuntimeError where the camera is not had."""
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder), LEARNED) as shop:
        environ = _with_pass(shop)
        with _busy(shop.folder, burners_each * (os.cpu_count() or 1)):
            for _ in range(times):
                report = _said(shop, ["-m", "agent", "doctor", "--json"], environ)
                yield Asked(_load(), [one["check"] for one in report["findings"] if _counts(one)])


def _counts(finding: Mapping[str, str]) -> bool:
    vouched = SystemClock().wall().synchronised
    return not finding["because"] and (finding["check"] != NOT_OURS or vouched)


def _with_pass(shop: Shop) -> dict[str, str]:
    """Let the hub take the camera; how somebody with a pass reaches it."""
    claim = _said(shop, ["-m", "agent", "pair", "--json", "--camera", f"unix:{shop.socket}"], {})
    hub = [str(ROOT / "tools" / "hub.py")]
    _said(shop, [*hub, "claim", claim["code"], "--json"], {})
    made = _said(shop, [*hub, "issue", "technician", "Kim", "--out", "kim.pass", "--json"], {})
    return {"AISLEWATCH_PASS": made["file"], "AISLEWATCH_CAMERA": claim["id"]}


def _said(shop: Shop, words: Sequence[str], environ: dict[str, str]) -> dict[str, Any]:
    """The one object that a command prints. Raises RuntimeError where it prints none."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=shop.folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if not re.match(r"\{.*\}\s*\Z", done.stdout, re.DOTALL):
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def _busy(folder: Path, burners: int) -> Iterator[None]:
    """Other programs want the processors, and one the disk."""
    words = [*[["-c", BURN]] * burners, *([["-c", WRITE, str(folder)]] if burners else [])]
    running = [subprocess.Popen([sys.executable, *one]) for one in words]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _load() -> float:
    return os.getloadavg()[0] / (os.cpu_count() or 1)
