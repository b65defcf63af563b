"""What an image is made of: the recipes of image-build/recipes, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "image-build"
ARCHITECTURE = "arm64"
DISK_ID = 0xA151E9A7


class BuildError(Exception):
    """The image cannot be built; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the partitions in MiB: slot chooser, each boot slot, each root slot, data before it grows."""

    select: int
    boot: int
    root: int
    data: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is unpacked beside the packages: from which suite, and which of its modules are wanted."""

    suite: str
    release: str
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    initrd: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of image. `requirements` are locks of wheels, `sources` those of what exists as source only."""

    name: str
    about: str
    board: str
    suite: str
    python: str
    tryboot: str
    bundles: str
    packages: tuple[str, ...]
    requirements: tuple[str, ...]
    sources: tuple[str, ...]
    overlays: tuple[str, ...]
    sizes_mib: Sizes
    kernel: Kernel | None = field(default=None)

    @property
    def compatible(self) -> str:
        """What update bundles must be made for."""
        return f"aislewatch-{self.name}"


def known() -> list[str]:
    """The names of the recipes there are."""
    return sorted(path.stem for path in (FOLDER / "recipes").glob("*.toml"))


def load(name: str) -> Recipe:
    """Read a recipe. Raises BuildError for an unknown name or a mistake in the file."""
    path = FOLDER / "recipes" / f"{name}.toml"
    if not path.is_file():
        raise BuildError(f"there is no recipe {name!r}; known: {', '.join(known())}")
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, BuildError) as error:
        raise BuildError(f"{path}: {error}") from None


def parse(raw: dict[str, Any]) -> Recipe:
    """The recipe of a TOML document. Raises BuildError for missing or unknown keys and impossible values."""
    raw = {**raw, "sizes_mib": _filled(Sizes, raw.get("sizes_mib", {}), "sizes_mib")}
    if "kernel" in raw:
        raw["kernel"] = _filled(Kernel, raw["kernel"], "kernel")
    recipe: Recipe = _filled(Recipe, raw, "recipe")
    if recipe.board not in ("pi", "emulated"):
        raise BuildError(f"board is {recipe.board!r}: it is `pi` or `emulated`")
    if recipe.tryboot not in ("firmware", "file"):
        raise BuildError(f"tryboot is {recipe.tryboot!r}: it is `firmware` on a Pi and `file` in the emulator")
    if recipe.bundles not in ("plain", "verity"):
        raise BuildError(f"bundles is {recipe.bundles!r}: RAUC knows `plain` and `verity`")
    missing = [name for name in (*recipe.requirements, *recipe.sources) if not (ROOT / name).is_file()]
    missing += [name for name in recipe.overlays if not (FOLDER / "files" / name).is_dir()]
    if missing:
        raise BuildError(f"named but not there: {', '.join(missing)}")
    return recipe


def _filled(kind: type[Any], raw: dict[str, Any], where: str) -> Any:
    """A dataclass from its keys; lists become tuples."""
    wanted = {item.name for item in fields(kind)}
    required = {item.name for item in fields(kind) if item.default is not None}
    if unknown := raw.keys() - wanted:
        raise BuildError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := required - raw.keys():
        raise BuildError(f"{where}: {', '.join(sorted(missing))} is missing")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()})
