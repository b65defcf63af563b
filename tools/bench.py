"""Measures the goals of performance side by side with what they are compared to; `--help` tells the rest."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tools.benchmarks.command import main

    sys.exit(main())
