"""The agent and its locked wheels, installed into an image's root for the target's interpreter, without running it."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.image.locks import lock_for
from tools.image.recipe import ROOT, BuildError, Recipe
from tools.image.run import run

# Under /usr: the agent's sandbox lets nothing else be run or mapped as a program.
PLACE = Path("usr/lib/aislewatch/python")
_GLIBC_TAGS = ("2014", "_2_17", "_2_24", "_2_26", "_2_27", "_2_28", "_2_31", "_2_34", "_2_35", "_2_36")
_SOURCES = ("agent", "hal", "models", "pyproject.toml", "README.md", "LICENSE", "NOTICE")

_SCRIPT = """#!/{place}/bin/python3
import sys

from agent.__main__ import main

sys.exit(main())
"""
_CFG = """home = /usr/bin
include-system-site-packages = true
version = {version}
executable = /usr/bin/python{version}
"""


def download(recipe: Recipe, cache: Path) -> list[Path]:
    """The recipe's wheels for the target, made once for the same locks; every hash is checked. Raises BuildError."""
    wish = b"".join((ROOT / lock).read_bytes() for lock in (*recipe.requirements, *recipe.sources))
    folder = cache / f"wheels-cp{recipe.python.replace('.', '')}-{hashlib.sha256(wish).hexdigest()[:16]}"
    if not (folder / "complete").is_file():
        _download(recipe, folder)
        _make(recipe, folder)
        (folder / "complete").touch()
    return sorted(folder.glob("*.whl"))


def _download(recipe: Recipe, folder: Path) -> None:
    version = recipe.python.replace(".", "")
    folder.mkdir(parents=True, exist_ok=True)
    for lock in recipe.requirements:
        run(
            [
                *_pip("download"),
                "--no-deps",
                "--only-binary=:all:",
                *(f"--platform=manylinux{tag}_aarch64" for tag in _GLIBC_TAGS),
                f"--python-version={recipe.python}",
                "--implementation=cp",
                *(f"--abi={abi}" for abi in (f"cp{version}", "abi3", "none")),
                "--require-hashes",
                f"--requirement={lock_for(recipe.python, ROOT / lock, folder)}",
                f"--dest={folder}",
            ]
        )


def _make(recipe: Recipe, folder: Path) -> None:
    """Wheels of what exists as source only. Raises BuildError for what is not plain Python: it would fit this host."""
    for lock in recipe.sources:
        wish = [f"--requirement={ROOT / lock}", "--require-hashes", "--no-deps", "--no-build-isolation"]
        run([*_pip("wheel"), *wish, f"--wheel-dir={folder / 'made'}"], env={"PYTHONWARNINGS": "ignore"})
    for wheel in folder.glob("made/*.whl"):
        if not wheel.name.endswith("-none-any.whl"):
            raise BuildError(
                f"{wheel.name} was made for this computer: only plain Python may stand in {recipe.sources}"
            )
        wheel.rename(folder / wheel.name)


def build_agent(work: Path, revision: str, epoch: int) -> Path:
    """The agent's own wheel, made from what is committed: that alone can be built again."""
    tree, out = work / "source", work / "wheel"
    tree.mkdir(parents=True)
    run(["git", "-C", ROOT, "archive", f"--output={work}/source.tar", revision, "--", *_SOURCES])
    run(["tar", "-C", tree, "-xf", work / "source.tar"])
    if missing := missing_modules(tree):
        raise BuildError(f"the commit is half made, it imports what it lacks: {', '.join(missing)}; name a --revision")
    command = [*_pip("wheel"), "--no-deps", "--no-build-isolation", f"--wheel-dir={out}", tree]
    run(command, env={"SOURCE_DATE_EPOCH": str(epoch), "PYTHONWARNINGS": "ignore"})
    return next(out.glob("*.whl"))


def missing_modules(tree: Path) -> list[str]:
    """The modules of our own that our code imports but the tree does not hold."""
    missing = set()
    for path in [*tree.glob("agent/**/*.py"), *tree.glob("hal/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("agent", "hal"):
                missing |= {name for name in _named(node) if not _there(tree, node.module or "", name)}
    return sorted(missing)


def _named(node: ast.ImportFrom) -> set[str]:
    return {f"{node.module}.{alias.name}" for alias in node.names}


def _there(tree: Path, module: str, name: str) -> bool:
    """Whether `name` (a module, or what one defines) is in the tree, as far as files tell."""
    folder, attribute = tree / module.replace(".", "/"), name.rpartition(".")[2]
    if folder.with_suffix(".py").is_file():
        return True
    begins = folder / "__init__.py"
    inner = folder / attribute
    there = inner.with_suffix(".py").is_file() or inner.is_dir()
    return there or (begins.is_file() and attribute in begins.read_text(encoding="utf-8"))


def install(recipe: Recipe, wheels: Sequence[Path], root: Path) -> None:
    """Put wheels into an environment of their own that sees the system's packages; `aislewatch` starts the agent."""
    place = root / PLACE
    site = place / f"lib/python{recipe.python}/site-packages"
    for wheel in wheels:
        if wheel.name.startswith("setuptools-"):
            continue  # asked for by a build-time leftover of one dependency; nothing imports it
        unpack(wheel, site)
    (place / "bin").mkdir(parents=True)
    (place / "bin/python3").symlink_to("/usr/bin/python3")
    (place / "pyvenv.cfg").write_text(_CFG.format(version=recipe.python), encoding="ascii")
    script = place / "bin/aislewatch"
    script.write_text(_SCRIPT.format(place=PLACE), encoding="ascii")
    script.chmod(0o755)
    (root / "usr/bin/aislewatch").symlink_to("/" + str(PLACE / "bin/aislewatch"))
    compile_bytecode(recipe, root)


def unpack(wheel: Path, site: Path) -> None:
    """Unpack one wheel; its headers and scripts are left out, its data lands as it says."""
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        data = next((name.split("/")[0] for name in archive.namelist() if ".data/" in name), None)
        archive.extractall(site)
    if data is None:
        return
    for part in ("purelib", "platlib"):
        if (site / data / part).is_dir():
            shutil.copytree(site / data / part, site, dirs_exist_ok=True)
    shutil.rmtree(site / data)


def compile_bytecode(recipe: Recipe, root: Path) -> None:
    """Compile everything once: on a read-only root Python could not keep what it compiles. Raises BuildError."""
    for folder in (PLACE / f"lib/python{recipe.python}/site-packages", Path(f"usr/lib/python{recipe.python}")):
        run(
            [
                interpreter(recipe),
                *("-m", "compileall", "-q", "-f", "-j", "0"),
                *("--invalidation-mode", "unchecked-hash"),
                *("-s", root, "-p", "/"),
                root / folder,
            ],
            env={"PYTHONHASHSEED": "0"},
        )


def interpreter(recipe: Recipe) -> str:
    """This host's Python of the target's version, whose bytecode the target reads. Raises BuildError without one."""
    if "{}.{}".format(*sys.version_info) == recipe.python:
        return sys.executable
    found = shutil.which(f"python{recipe.python}")
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode:
        raise BuildError(
            f"Python {recipe.python} is needed here to compile for the target: install python{recipe.python}"
        )
    return found


def records(site: Path) -> list[tuple[str, str]]:
    """Name and version of every distribution installed in a site folder, from its own metadata."""
    found = []
    for metadata in sorted(site.glob("*.dist-info/METADATA")):
        head = metadata.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
        fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line and not line.startswith(" "))
        found.append((fields.get("Name", metadata.parent.name), fields.get("Version", "")))
    return found


def _pip(verb: str) -> list[str | Path]:
    return [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", verb]
