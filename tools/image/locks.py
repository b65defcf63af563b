"""A universal lock cut down to what the target's Python needs: pip itself judges markers by the Python that runs it."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import Requirement

_ENTRY = re.compile(r"^\S.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r" ;[^\\\n]*")


def lock_for(python: str, lock: Path, folder: Path) -> Path:
    """Write into `folder` the entries of `lock` that Python `python` ("3.13") on Linux needs, without their markers."""
    target = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    entries = _ENTRY.findall(lock.read_text(encoding="utf-8"))
    cut = folder / f"{lock.stem}-{python}.lock"
    cut.write_text("".join(_MARKER.sub(" ", entry, count=1) for entry in entries if _needed(entry, target)))
    return cut


def _needed(entry: str, target: dict[str, str]) -> bool:
    marker = Requirement(entry.split("\\")[0].strip()).marker
    return marker is None or marker.evaluate(target)
