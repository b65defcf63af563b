"""What goal 8 measures in fresh processes: the camera, and the floor of its imports and its model alone.

`python -m tools.benchmarks.child camera CONFIG SECONDS` prints when the camera had inferred and answered, its memory
after `SECONDS` and the modules it had imported. `... imports MODULES MODEL` and `... bare MODEL` print the same of a
process that only imports these modules, or only the interpreter, and runs the model once. Times are the monotonic
clock's, which all processes of a computer share.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from pathlib import Path

POLL_S = 0.001


def rss_mb() -> float:
    """Resident memory of this process now, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def camera(config_file: str, seconds: float) -> dict[str, object]:
    """Run the agent as `aislewatch run` does."""
    from agent.app import Running, run_camera
    from agent.config import parse_config

    found: dict[str, object] = {}

    async def watch(running: Running, stop: asyncio.Event) -> None:
        while not running.status.counters.inferred:  # noqa: ASYNC110 - it is the vision thread's, which tells nobody
            await asyncio.sleep(POLL_S)
        found["inferred_s"] = time.monotonic()
        await asyncio.sleep(seconds)
        found["rss_mb"] = rss_mb()
        found["modules"] = sorted(name for name in sys.modules if not name.startswith(("__main__", "tools.")))
        stop.set()

    async def main() -> None:
        stop, watches = asyncio.Event(), []
        await run_camera(config, stop, lambda running: watches.append(asyncio.create_task(watch(running, stop))))

    config = parse_config(Path(config_file).read_text(encoding="utf-8"))
    asyncio.run(main())
    return found


def imports(modules_file: str, model_file: str) -> dict[str, object]:
    """Import what the agent imported, and run its model once."""
    for name in json.loads(Path(modules_file).read_text(encoding="utf-8")):
        _import(name)
    return bare(model_file)


def bare(model_file: str) -> dict[str, object]:
    """The interpreter and the model, nothing else."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model_file, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.invoke()
    return {"inferred_s": time.monotonic(), "rss_mb": rss_mb()}


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:
        print(f"not importable by itself: {name}", file=sys.stderr)


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    if kind == "camera":
        print(json.dumps(camera(arguments[0], float(arguments[1]))))
    elif kind == "imports":
        print(json.dumps(imports(*arguments)))
    else:
        print(json.dumps(bare(*arguments)))
