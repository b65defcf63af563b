"""Manifest text for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path

GOOD = """
[[model]]
name = "tiny"
task = "person"
source = "tiny.tflite"
sha256 = "SHA"
size_bytes = SIZE
licence = "Apache-2.0"
attribution = "us"
input = { width = 64, height = 48, dtype = "uint8" }
quantisation = "int8"
decoder = "ssd_raw"
[model.scores]
day = { min_score = 0.3, confirm_score = 0.5 }
night = { min_score = 0.2, confirm_score = 0.4 }
[[model.level]]
grid = [3, 4]
centre = [8.0, 8.0]
step = [16.0, 16.0]
anchors = [[20.0, 10.0]]
"""


def manifest(content: bytes = b"weights") -> str:
    """A manifest of one model with this content."""
    return GOOD.replace("SHA", hashlib.sha256(content).hexdigest()).replace("SIZE", str(len(content)))


def write(directory: Path, text: str) -> Path:
    """Put a manifest into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.toml").write_text(text, encoding="utf-8")
    return directory
