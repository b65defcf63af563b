"""Runs parts of the benchmark in processes of their own, with our packages or with the peers'."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.benchmarks.footage import ROOT, Bench

LIMIT_S = 600


class RunFailed(Exception):
    """What was to be measured did not run to its end; the message says why."""


class PeersMissing(RunFailed):
    """The peers cannot be run here."""


def run_in_peers(bench: Bench, module: str, *arguments: str) -> Any:
    """The JSON that `module` prints when run in the peers' environment. Raises RunFailed."""
    peer_packages(bench)
    return run_python(module, *arguments, python=bench.peers / "bin" / "python")


def peer_packages(bench: Bench) -> Path:
    """Where the peers' packages lie. Raises PeersMissing."""
    found = sorted(bench.peers.glob("lib/python3*/site-packages"))
    if not found:
        raise PeersMissing(f"no environment with the peers ({bench.peers.name}; tools/peers.py says how to make it)")
    return found[0]


def run_python(module: str, *arguments: str, python: Path | None = None) -> Any:
    """The JSON of the last line that `module` prints. Raises RunFailed with its last words."""
    done = subprocess.run(
        [str(python or sys.executable), "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise RunFailed(f"{module.rpartition('.')[2]} did not run: {last[0]}")
    return json.loads(done.stdout.splitlines()[-1])
