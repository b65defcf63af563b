"""The emulated board's kernel: fetched by apt (which checks its hashes), unpacked, and an initrd made from it."""

from __future__ import annotations

import lzma
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.image.recipe import ARCHITECTURE, FOLDER, BuildError, Kernel
from tools.image.run import run


class Apt:
    """An apt of its own for one suite and the target's architecture; it touches nothing of the host's."""

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        self._folder = folder
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")

    def download(self, packages: Sequence[str], to: Path) -> list[Path]:
        """Fetch packages into `to` unless they are there. Raises BuildError when one is not to be had."""
        to.mkdir(parents=True, exist_ok=True)
        if not all(list(to.glob(f"{name}_*.deb")) for name in packages):
            run(["apt-get", *self._options(), "update"])
            run(["apt-get", *self._options(), "download", *packages], cwd=to)
        return [next(to.glob(f"{name}_*.deb")) for name in packages]

    def _options(self) -> list[str]:
        own = {
            "Dir::Etc::sourcelist": self._folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State": self._folder / "state",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "APT::Architecture": ARCHITECTURE,
            "APT::Architectures": ARCHITECTURE,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        return [f"-o{name}={value}" for name, value in own.items()]


def unpack(packages: Iterable[Path], to: Path) -> Path:
    """Unpack packages over each other; nothing of them is run."""
    to.mkdir(parents=True)
    for package in packages:
        run(["dpkg-deb", "-x", package, to])
    return to


def module_files(tree: Path, release: str, names: Sequence[str]) -> list[Path]:
    """The files of modules and of what they need, in the order in which they load. Raises BuildError."""
    if not (tree / "usr/lib/modules" / release / "modules.dep").is_file():
        (tree / "lib").unlink(missing_ok=True)
        (tree / "lib").symlink_to("usr/lib")
        run(["depmod", "-b", tree, release])
    found: dict[Path, None] = {}
    for name in names:
        said = run(["modprobe", "-d", tree, "-S", release, "--show-depends", name])
        found |= {Path(line.split()[1]): None for line in said.splitlines() if line.startswith("insmod")}
    if not found:
        raise BuildError(f"kernel {release} has none of the modules {', '.join(names)}")
    return list(found)


def install_modules(tree: Path, kernel: Kernel, root: Path) -> None:
    """Put the wanted modules, and what they need, into a root folder."""
    folder = root / "usr/lib/modules" / kernel.release
    for path in module_files(tree, kernel.release, kernel.modules):
        relative = path.resolve().relative_to((tree / "usr/lib/modules" / kernel.release).resolve())
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / relative)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        source = tree / "usr/lib/modules" / kernel.release / name
        if source.is_file():
            shutil.copyfile(source, folder / name)
    run(["depmod", "-b", root, kernel.release])


def make_initrd(tree: Path, kernel: Kernel, busybox: Path, work: Path, epoch: int) -> bytes:
    """A small initrd that mounts the root slot named on the kernel's command line; reproducible."""
    work.mkdir()
    for name in ("bin", "dev", "proc", "sys", "root", "modules"):
        (work / name).mkdir()
    shutil.copy2(busybox, work / "bin/busybox")
    order = []
    for path in module_files(tree, kernel.release, kernel.initrd):
        content = path.read_bytes()
        name = path.name.removesuffix(".xz")
        (work / "modules" / name).write_bytes(lzma.decompress(content) if path.suffix == ".xz" else content)
        order.append(name)
    (work / "modules/order").write_text("\n".join(order) + "\n", encoding="ascii")
    shutil.copyfile(FOLDER / "files/initrd-init", work / "init")
    (work / "init").chmod(0o755)
    return _archive(work, epoch)


def _archive(folder: Path, epoch: int) -> bytes:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    for name in [*names, "."]:
        os.utime(folder / name, (epoch, epoch), follow_symlinks=False)
    packed = folder.with_suffix(".cpio")
    script = 'cpio --quiet --reproducible -R 0:0 -o -H newc > "$0"'
    run(["sh", "-c", script, packed], cwd=folder, stdin="\n".join(names).encode() + b"\n")
    run(["zstd", "-q", "-f", "-10", "--no-progress", packed])
    return packed.with_suffix(".cpio.zst").read_bytes()
