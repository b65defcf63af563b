"""Lower layers never import higher ones: proven from the syntax trees, lazy imports included."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PURE_HEALTH = (
    *("board", "cooling", "dirt", "digest", "episode", "features", "image", "judge", "ladder", "lives", "picture"),
    *("light", "readings", "sampling", "scene", "signal", "view"),
    *("calibration", "forecast", "history", "optics", "service", "telling", "tickets", "trends", "watched"),
)
# The layers of docs/design/architecture.md, lowest first; the longest prefix that fits a module decides.
LAYERS = {
    "hal.ports": 1,
    "hal.errors": 1,
    "agent.domain": 2,
    "agent.errors": 2,
    "agent.geometry": 2,
    "agent.beside": 2,
    "agent.hostport": 2,
    "agent.schema": 2,
    "agent.config": 2,
    "agent.rule_config": 2,
    "agent.tables": 2,
    "models": 2,
    "hal": 3,
    "agent.vision": 4,
    "agent.rules": 4,
    "agent.events.wire": 4,
    "agent.events.kinds": 4,
    "agent.events.orders": 4,
    "agent.events.pieces": 4,
    "agent.events.scan": 4,
    "agent.trial": 4,
    "agent.events.lines": 4,
    **{f"agent.health.{name}": 4 for name in PURE_HEALTH},
    "agent.vision.pipeline": 5,
    "agent.vision.threads": 5,
    "agent.respond": 5,
    "agent.durable": 5,
    "agent.keys": 5,
    "agent.install": 5,
    "agent.update": 5,
    "agent.update.slots": 4,
    "agent.update.wellness": 4,
    "agent.update.confirm": 8,
    "agent.jpeg": 4,
    "agent.evidence": 5,
    "agent.review": 5,
    "agent.review.book": 4,
    "agent.review.budget": 4,
    "agent.review.entry": 4,
    "agent.review.explain": 4,
    "agent.config_file": 5,
    "agent.config_text": 4,
    "agent.config_secrets": 4,
    "agent.insight": 5,
    "agent.insight.collector": 4,
    "agent.insight.heat": 4,
    "agent.insight.series": 4,
    "agent.insight.summary": 4,
    "agent.events": 5,
    "agent.hub": 5,
    "agent.doctor": 5,
    "agent.fitting": 5,
    "agent.fitting.aim": 4,
    "agent.logbook": 5,
    "agent.health": 5,
    "agent.models": 5,
    "agent.metrics": 5,
    "agent.version": 5,
    "agent.web": 6,
    "agent.web.sessions": 5,
    "agent.build": 7,
    "agent.care": 7,
    "agent.poses": 7,
    "agent.desk": 5,
    "agent.hardware": 5,
    "agent.memory": 5,
    "agent.reset": 5,
    "agent.sensors": 5,
    "agent.moments": 5,
    "agent.tills": 5,
    "agent.status": 7,
    "agent.warmth": 5,
    "agent.watch": 5,
    "agent.app": 7,
    "agent.station": 7,
    "agent.doorway": 7,
    "agent.living": 7,
    "agent.loading": 2,
    "agent.running": 7,
    "agent.model_desk": 7,
    "agent.assembly": 7,
    "agent.commanding": 7,
    "agent.brokering": 7,
    "agent.home": 5,
    "agent.standing": 7,
    "agent.entrance": 7,
    "agent.answering": 7,
    "agent.shining": 7,
    "agent.replay": 7,
    "agent.cli": 8,
    "agent.__main__": 8,
    "agent": 1,
}
PURE = [
    *(
        f"agent.{name}"
        for name in ("domain", "errors", "geometry", "schema", "config", "tables", "rule_config", "rules")
    ),
    *(f"agent.health.{name}" for name in PURE_HEALTH),
    *(f"agent.doctor.{name}" for name in ("facts", "finding", "checks", "order", "judge", "steps")),
]
IMPURE_IMPORTS = {"asyncio", "threading", "time", "socket", "sqlite3", "subprocess", "random"}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted([*ROOT.glob("agent/**/*.py"), *ROOT.glob("hal/**/*.py"), *ROOT.glob("models/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer(module: str) -> int | None:
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((LAYERS[prefix] for prefix in prefixes if prefix in LAYERS), None)


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_lower_layers_never_import_higher_ones(module: str, path: Path) -> None:
    own = layer(module)
    assert own is not None, f"{module} stands in no layer"
    upward = {name for name in imports(path) if (other := layer(name)) is not None and other > own}
    assert not upward, f"{module} (layer {own}) imports {sorted(upward)}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_the_hardware_layer_knows_no_agent_code(module: str, path: Path) -> None:
    if module.startswith("hal"):
        assert not {name for name in imports(path) if name.startswith(("agent", "models"))}


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_pure_code_has_no_clock_thread_or_socket(module: str, path: Path) -> None:
    if module.startswith(tuple(PURE)):
        assert not {name.split(".")[0] for name in imports(path)} & IMPURE_IMPORTS


def test_only_the_system_module_reads_the_wall_clock() -> None:
    for module, path in modules():
        if module == "hal.system":
            continue
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        forbidden = calls & {"time.time", "datetime.now", "datetime.datetime.now", "datetime.utcnow", "time.time_ns"}
        assert not forbidden, f"{module} calls {forbidden}"


def test_importing_the_app_loads_no_vendor_module() -> None:
    vendors = [
        "picamera2",
        "libcamera",
        "gpiozero",
        "lgpio",
        "ai_edge_litert",
        "tflite_runtime",
        "av",
        "adafruit_mlx90640",
    ]
    program = f"import sys, agent.app; print([name for name in {vendors} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[]"
