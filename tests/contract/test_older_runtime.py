"""The accelerator contract once more on tflite-runtime, in an environment of its own because it needs numpy < 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tflite-runtime==2.14.0", "ai-edge-litert", "numpy<2", "pytest", "hypothesis")


@pytest.fixture(scope="session")
def older_python() -> Path:
    """The interpreter of `.venv-tflite`, made on first use."""
    python = ROOT / ".venv-tflite" / "bin" / "python"
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tflite-runtime 2.14 exists for Python 3.11 only")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", *PACKAGES], capture_output=True, text=True, check=False
    )
    if installed.returncode:
        pytest.skip(f"tflite-runtime cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    return python


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_contract_holds_on_tflite_runtime(older_python: Path) -> None:
    suite = "tests/contract/test_accelerator.py"
    options = [
        "-c",
        os.devnull,
        "--rootdir",
        str(ROOT),
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "-k",
        "tflite",
    ]
    run = subprocess.run(
        [older_python, "-m", "pytest", *options, suite],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
