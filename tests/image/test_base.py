"""Whether this computer can set up packages of the target, before minutes are spent on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.image.base import need_target
from tools.image.recipe import BuildError

REGISTERED = """{state}
interpreter /usr/bin/qemu-{name}-static
flags: F
offset 0
magic 7f454c460201010000000000000000000200{machine}
mask ffffffffffffff00fffffffffffffffffeffffff
"""


def emulators(folder: Path, state: str, name: str, machine: str) -> Path:
    """What the kernel shows with one emulator registered."""
    (folder / "register").touch()
    (folder / "status").write_text("enabled\n")
    (folder / f"qemu-{name}").write_text(REGISTERED.format(state=state, name=name, machine=machine))
    return folder


def test_a_computer_of_the_target_needs_no_emulator(tmp_path: Path) -> None:
    need_target(tmp_path, "aarch64")


def test_any_other_needs_one_that_is_enabled(tmp_path: Path) -> None:
    need_target(emulators(tmp_path, "enabled", "aarch64", "b700"), "x86_64")


@pytest.mark.parametrize(
    ("state", "name", "machine"), [("disabled", "aarch64", "b700"), ("enabled", "riscv64", "f300")]
)
def test_without_one_it_is_said_what_to_do(tmp_path: Path, state: str, name: str, machine: str) -> None:
    with pytest.raises(BuildError, match="apt-get install qemu-user-static"):
        need_target(emulators(tmp_path, state, name, machine), "x86_64")


def test_where_the_kernel_shows_none_it_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="x86_64"):
        need_target(tmp_path / "not-mounted", "x86_64")
