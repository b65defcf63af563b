"""Debian roots for the laboratory: made once by mmdebstrap with the agent's dependencies, kept under .cache/lab."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.image.locks import lock_for
from tools.image.recipe import BuildError
from tools.image.sources import host_archives, plain
from tools.image.wheels import build_agent

REPOSITORY = Path(__file__).parents[2]
CACHE = REPOSITORY / ".cache/lab"
MIRROR = "AISLEWATCH_MIRROR"
EPOCH = 1_000_000_000
VENV = "/usr/lib/aislewatch/venv"
PIP = (f"{VENV}/bin/pip", "install", "--quiet", "--disable-pip-version-check")


@dataclass(frozen=True)
class Recipe:
    """What a root is made of: a suite, Debian packages, the Python its wheels are for, and the locks installed."""

    suite: str
    packages: tuple[str, ...]
    python: str
    locks: tuple[str, ...]

    @property
    def key(self) -> str:
        """Changes whenever the root must be made anew."""
        parts = (repr(self), *((REPOSITORY / lock).read_text() for lock in self.locks))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


BOOKWORM = Recipe(
    "bookworm",
    ("systemd-sysv", "udev", "dbus", "polkitd", "systemd-timesyncd", "python3", "python3-venv", "procps"),
    "3.11",
    ("requirements.lock",),
)
_BUILDING = ("gcc", "libc6-dev", "python3-dev")
_PICAMERA2 = ("python3-libcamera", "libcamera-ipa", "python3-prctl")
TRIXIE = Recipe(
    "trixie",
    ("python3", "python3-venv", "procps", "iproute2", "git", "make", *_BUILDING, *_PICAMERA2),
    "3.13",
    ("tests/lab/build-tools.lock", "requirements-dev.lock", "tests/lab/picamera2.lock"),
)


def mirror() -> str | None:
    """Where Debian's packages come from: AISLEWATCH_MIRROR, else what apt is configured with here; None without."""
    if os.environ.get(MIRROR):
        return os.environ[MIRROR]
    try:
        return plain(host_archives()).address
    except BuildError:
        return None


def missing(programs: Sequence[str]) -> str | None:
    """Why no root can be made or entered here; None when one can."""
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian packages mmdebstrap, systemd-container, util-linux)"
    if os.geteuid() != 0:
        return "making a root needs root"
    if not mirror():
        return f"no Debian mirror is known: apt has none configured, and {MIRROR} is not set"
    return None


def root_of(recipe: Recipe) -> Path:
    """The root of a recipe, made on first use: Debian, our units, and an environment with the locked packages."""
    CACHE.mkdir(parents=True, exist_ok=True)
    done = CACHE / f"{recipe.suite}-{recipe.key}"
    if not done.exists():
        part = CACHE / f"{done.name}.part"
        for old in CACHE.glob(f"{recipe.suite}-*"):
            shutil.rmtree(old)
        _bootstrap(recipe, part)
        _add_environment(recipe, part)
        part.rename(done)
    return done


def wheel() -> Path:
    """The agent's own wheel, built from what is committed, as the image has it."""
    work = CACHE / "agent"
    shutil.rmtree(work, ignore_errors=True)
    return build_agent(work, "HEAD", EPOCH)


def add_agent(root: Path, built: Path) -> None:
    """Put the agent's wheel into a root's environment, its command into /usr/bin, and the units beside it."""
    shutil.copy2(built, root / "tmp" / built.name)
    _in(root, *PIP, "--no-index", "--no-deps", "--force-reinstall", f"/tmp/{built.name}")
    command = root / "usr/bin/aislewatch"
    command.unlink(missing_ok=True)
    command.symlink_to(f"{VENV}/bin/aislewatch")
    _do([REPOSITORY / "systemd/install", root])


def _bootstrap(recipe: Recipe, root: Path) -> None:
    included = f"--include={','.join(recipe.packages)}"
    options = ["--quiet", "--mode=root", "--variant=minbase", "--skip=check/empty", included]
    _do(["mmdebstrap", *options, recipe.suite, root, mirror() or ""], limit_s=1500)


def _add_environment(recipe: Recipe, root: Path) -> None:
    """The locked packages in the root's own environment; they are fetched here, so the root needs no network."""
    wheels = CACHE / f"wheels-{recipe.python}"
    locks = [lock_for(recipe.python, REPOSITORY / lock, CACHE) for lock in recipe.locks]
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--prefer-binary"]
    for lock in locks:
        _do([*fetch, f"--python-version={recipe.python}", f"--requirement={lock}", f"--dest={wheels}"], limit_s=1500)
    inside = root / "tmp/wheels"
    shutil.copytree(wheels, inside)
    _in(root, "python3", "-m", "venv", "--system-site-packages", VENV)
    offline = ("--no-index", "--find-links", "/tmp/wheels")
    for lock in locks:
        shutil.copy2(lock, inside / lock.name)
        options = ("--no-deps", "--no-build-isolation", "--require-hashes")
        _in(root, *PIP, *offline, *options, "-r", f"/tmp/wheels/{lock.name}")
    shutil.rmtree(inside)


def _in(root: Path, *command: str) -> None:
    """Run a command in a root that is not booted, with nothing of our environment."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    _do(["chroot", str(root), "/usr/bin/env", "-i", path, "LANG=C.UTF-8", *command], limit_s=1500)


def _do(command: Sequence[str | Path], limit_s: float = 600) -> None:
    """Run a command to its end. Raises RuntimeError with what it said."""
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s
    )
    if done.returncode:
        said = (done.stderr or done.stdout)[-3000:]
        raise RuntimeError(f"{' '.join(map(str, command[:4]))} ... ended with {done.returncode}: {said}")
