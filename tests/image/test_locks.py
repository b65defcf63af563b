"""Locks for the target's Python, which is not always the one that builds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.image.locks import lock_for
from tools.image.recipe import ROOT

LOCK = """\
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:01 \\
    --hash=sha256:02
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:03
yarl==1.0 \\
    --hash=sha256:04
"""


@pytest.mark.parametrize(("python", "numpy"), [("3.11", "2.4.6"), ("3.12", "2.5.5"), ("3.13", "2.5.5")])
def test_what_another_python_needs_with_its_hashes(tmp_path: Path, python: str, numpy: str) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK)
    cut = lock_for(python, lock, tmp_path).read_text()
    assert re.findall(r"^(\S+)==(\S+)", cut, re.MULTILINE) == [("numpy", numpy), ("yarl", "1.0")]
    hashes = {"2.4.6": ["01", "02", "04"], "2.5.5": ["03", "04"]}[numpy]
    assert re.findall(r"sha256:(\w+)", cut) == hashes
    assert ";" not in cut


def test_our_own_lock_names_every_package_once(tmp_path: Path) -> None:
    for python in ("3.11", "3.13"):
        names = re.findall(
            r"^(\S+)==", lock_for(python, ROOT / "requirements.lock", tmp_path).read_text(), re.MULTILINE
        )
        assert len(names) == len(set(names)) > 20
        assert {"numpy", "aiohttp", "msgspec"} <= set(names)
