"""Raspberry Pi OS of today: Python 3.13, and the real picamera2 over libcamera's virtual camera."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import nspawn
from tests.lab.chamber import PYTHON, Chamber
from tests.lab.extent import needs_full
from tests.lab.nspawn import layered
from tests.lab.roots import TRIXIE, root_of

pytestmark = [pytest.mark.lab, pytest.mark.timeout(5400)]

HERE = Path(__file__).parent
PIPELINE = "usr/share/libcamera/pipeline/virtual"
HEAP = "/usr/lib/memory_heap.so"
PYTEST = (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider")
# As `make` installs a checkout, whose tools import each other.
INSTALLED = f"""
{PYTHON} -m pip install --quiet --no-index --no-deps --no-build-isolation --editable . || exit
echo "$PWD" > "$({PYTHON} -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
exec {" ".join(PYTEST)} "$@"
"""
PICAMERA2S_OWN = (
    "-Wignore:setDaemon:DeprecationWarning",
    "-Wignore::ResourceWarning",
    "-Wignore::pytest.PytestUnraisableExceptionWarning",
)
CHOSEN = "not slow and not lab"
CAMERA_SUITES = ("tests/contract/test_camera.py", "tests/hal/test_picamera.py")


@pytest.fixture(scope="module")
def trixie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chamber]:
    """Debian trixie with Python 3.13, the agent's and picamera2's packages, and a virtual camera."""
    reason = nspawn.impossible()
    if reason:
        pytest.skip(reason)
    with layered(root_of(TRIXIE), tmp_path_factory.mktemp("trixie")) as root:
        (root / PIPELINE).mkdir(parents=True)
        (root / PIPELINE / "virtual.yaml").write_text((HERE / "virtual.yaml").read_text())
        source = root / "usr/src/memory_heap.c"
        source.write_text((HERE / "memory_heap.c").read_text())
        build = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", HEAP, "/usr/src/memory_heap.c"]
        subprocess.run(["chroot", root, *build], check=True, timeout=60)
        yield Chamber(root)


def summary(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """What pytest counted: {"passed": 12, ...}."""
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", result.stdout.strip().splitlines()[-1])}


def test_it_is_python_3_13(trixie: Chamber) -> None:
    result = trixie.run(PYTHON, "-c", "import sys; print(sys.version_info[:2])", limit_s=60)
    assert result.stdout.strip() == "(3, 13)"


def test_real_picamera2_keeps_the_contract_of_every_camera(trixie: Chamber) -> None:
    chosen = ("-p", "tests.lab.virtual_camera", *PICAMERA2S_OWN, "-k", "picamera", *CAMERA_SUITES)
    result = trixie.run(*PYTEST, *chosen, limit_s=600, LD_PRELOAD=HEAP, LIBCAMERA_LOG_LEVELS="*:ERROR")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert summary(result)["passed"] >= 15


@needs_full
def test_the_default_suite_on_python_3_13(trixie: Chamber) -> None:
    result = trixie.run("sh", "-c", INSTALLED, "sh", "-n", "2", "-rfE", "--tb=short", "-m", CHOSEN, limit_s=5000)
    assert result.returncode == 0, result.stdout[-20000:] + result.stderr[-2000:]
    assert summary(result)["passed"] > 1000
