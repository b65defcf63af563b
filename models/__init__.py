"""The models that ship: files, goldens and cards, all named in `manifest.toml`."""

from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent
