"""`image-build/build`: from a recipe to a flashable image, an update bundle, a bill of materials and licences."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tools.image import base, boot, bundle, disk, ext4, kernel, root, sbom, scan, sources, wheels
from tools.image.recipe import ROOT, BuildError, Recipe, known, load
from tools.image.run import need, run

_PROGRAMS = (
    "mmdebstrap",
    "mke2fs",
    "debugfs",
    "mkfs.vfat",
    "mcopy",
    "zstd",
    "rauc",
    "openssl",
    "depmod",
    "cpio",
    "git",
)


class Build:
    """One run of the builder: where things lie, what it makes, and how long each step took."""

    def __init__(self, recipe: Recipe, options: argparse.Namespace) -> None:
        self.recipe, self.options = recipe, options
        self.epoch: int = options.epoch
        self.version: str = options.version or image_version(self.epoch)
        self.cache: Path = options.cache.resolve()
        self.out: Path = (options.out or options.cache / recipe.name).resolve()
        self.work = self.cache / f"work-{recipe.name}-{os.getpid()}"
        self.took_s: dict[str, float] = {}

    def run(self) -> None:
        """Do everything. Raises BuildError."""
        self.signer()  # these two would be missed only after minutes
        wheels.interpreter(self.recipe)
        self.out.mkdir(parents=True, exist_ok=True)
        tree = self.work / "root"
        try:
            with self.step("packages"):
                archive = self.base_archive()
                tree.mkdir(parents=True)
                run(["tar", "-C", tree, "--numeric-owner", "-xf", archive])
            with self.step("kernel"):
                kernel_files = self.kernel_files(tree)
            with self.step("wheels"):
                self.install_wheels(tree)
            with self.step("customise"):
                self.customise(tree)
            with self.step("file systems"):
                parts = self.file_systems(tree, kernel_files)
            with self.step("image"):
                image = self.write_image(parts)
            with self.step("bundle"):
                self.write_bundle(parts)
            with self.step("documents"):
                self.write_documents(tree, parts, image)
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say and time one step."""
        print(f"{name} ...", file=sys.stderr, flush=True)
        begun = time.monotonic()
        yield
        self.took_s[name] = round(time.monotonic() - begun, 1)

    def base_archive(self) -> Path:
        """The packages, from the cache where they were made before."""
        self.cache.mkdir(parents=True, exist_ok=True)
        archives = [] if self.options.mirror else sources.host_archives()
        wanted = sources.lines(self.recipe.suite, self.options.mirror, archives)
        return base.make(self.recipe, wanted, self.cache)

    def kernel_files(self, tree: Path) -> dict[str, bytes]:
        """What boots: the kernel that came with the packages, or the one that is unpacked beside them."""
        wish = self.recipe.kernel
        if wish is None:
            return boot.firmware_files(tree)
        packages = self.fetch(wish.suite, wish.packages)
        busybox = self.fetch(self.recipe.suite, ["busybox-static"])
        unpacked = kernel.unpack(packages, self.work / "kernel")
        static = next(kernel.unpack(busybox, self.work / "busybox").rglob("bin/busybox"))
        kernel.install_modules(unpacked, wish, tree)
        image = next((unpacked / "usr/lib/modules" / wish.release).glob("vmlinuz*"))
        return {
            "vmlinuz": image.read_bytes(),
            "initrd.img": kernel.make_initrd(unpacked, wish, static, self.work / "initrd", self.epoch),
        }

    def fetch(self, suite: str, packages: Sequence[str]) -> list[Path]:
        """Packages of a suite of the host's archive; nothing of them is installed."""
        apt = kernel.Apt(self.cache / f"apt-{suite}", [sources.plain(sources.host_archives()).line(suite)])
        return apt.download(packages, self.cache / f"packages-{suite}")

    def install_wheels(self, tree: Path) -> None:
        """The agent and what it needs."""
        agent = wheels.build_agent(self.work / "agent", self.options.revision, self.epoch)
        downloaded = wheels.download(self.recipe, self.cache)
        wheels.install(self.recipe, [*downloaded, agent], tree)

    def customise(self, tree: Path) -> None:
        """The step that all recipes share. Raises BuildError for a secret in the root."""
        release = root.Release(self.version, self.signer().keyring.read_bytes(), self.options.source)
        root.customise(tree, self.recipe, release)
        if findings := scan.folder(tree):
            raise BuildError("the image holds secrets:\n" + "\n".join(f"  {finding}" for finding in findings))

    def signer(self) -> bundle.Signer:
        """Who signs: as named, else the laboratory's own, which no product recipe may use."""
        options = self.options
        if options.sign_key:
            return bundle.Signer(options.sign_cert, options.sign_key, options.keyring or options.sign_cert)
        if self.recipe.board != "emulated":
            raise BuildError("a product image needs its signer: --sign-key, --sign-cert and --keyring")
        return bundle.laboratory_signer(self.cache / "laboratory-signer")

    def file_systems(self, tree: Path, kernel_files: dict[str, bytes]) -> dict[int, Path]:
        """The contents of the partitions by number."""
        sizes = self.recipe.sizes_mib
        parts = {number: self.work / f"part{number}.img" for number in (1, 2, 5, 7)}
        chooser = boot.chooser_files(self.recipe)
        slot = boot.slot_files(self.recipe, kernel_files)
        for number, label, mib, files in ((1, "AISLEWATCH", sizes.select, chooser), (2, "BOOT", sizes.boot, slot)):
            work = self.work / f"fat{number}"
            disk.make_fat(parts[number], label=label, size_mib=mib, files=files, work=work, epoch=self.epoch)
        ext4.make(tree, parts[5], label="root", size_mib=sizes.root, epoch=self.epoch, journal=False)
        data = self.work / "data"
        root.data_skeleton(data)
        ext4.make(data, parts[7], label="data", size_mib=sizes.data, epoch=self.epoch, journal=True)
        return parts

    def write_image(self, parts: dict[int, Path]) -> Path:
        """The card's image, and the same compressed."""
        image = self.out / f"{self.name}.img"
        disk.write(image, disk.layout(self.recipe.sizes_mib), parts)
        run(["zstd", "-q", "-f", "-T0", "-9", "--no-progress", image, "-o", image.with_suffix(".img.zst")])
        return image

    def write_bundle(self, parts: dict[int, Path]) -> None:
        """The update bundle of the same content."""
        out = self.out / f"{self.name}.raucb"
        bundle.make(out, self.recipe, self.version, root=parts[5], boot=parts[2], signer=self.signer(), work=self.work)

    def write_documents(self, tree: Path, parts: dict[int, Path], image: Path) -> None:
        """Bill of materials, licences, hashes and times."""
        root_sha256 = sha256_of(parts[5])
        site = tree / wheels.PLACE / f"lib/python{self.recipe.python}/site-packages"
        listed = sbom.components(tree / root.DOCUMENTS / "dpkg-status", tree, site, self.other_parts())
        text = sbom.document(listed, name=self.recipe.compatible, version=self.version, root_sha256=root_sha256)
        (self.out / f"{self.name}.cdx.json").write_text(text, encoding="utf-8")
        (self.out / f"{self.name}.licences.txt").write_text(sbom.licence_list(listed), encoding="utf-8")
        facts = {
            "version": self.version,
            "compatible": self.recipe.compatible,
            "root_sha256": root_sha256,
            "boot_sha256": sha256_of(parts[2]),
            "image_sha256": sha256_of(image),
            "image_mb": round(image.stat().st_size / 1e6, 1),
            "compressed_mb": round(image.with_suffix(".img.zst").stat().st_size / 1e6, 1),
            "bundle_mb": round((self.out / f"{self.name}.raucb").stat().st_size / 1e6, 1),
            "parts": len(listed),
            "took_s": self.took_s,
        }
        (self.out / f"{self.name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(facts, indent=1))

    def other_parts(self) -> list[dict[str, object]]:
        """Kernel and models, which neither dpkg nor Python has records of."""
        manifest = tomllib.loads((ROOT / "models/manifest.toml").read_text(encoding="utf-8"))
        found: list[dict[str, object]] = [
            sbom.file_part(model["file"], str(model["size_bytes"]), model["sha256"], model["licence"])
            for model in manifest["model"]
            if "file" in model
        ]
        if self.recipe.kernel:
            packages = sorted((self.cache / f"packages-{self.recipe.kernel.suite}").glob("linux-*.deb"))
            found += [sbom.file_part(p.name, self.recipe.kernel.release, sha256_of(p), "GPL-2") for p in packages]
        return found

    @property
    def name(self) -> str:
        return f"aislewatch-{self.recipe.name}-{self.version}"


def image_version(epoch: int) -> str:
    """The agent's version and the time of its last change, which orders builds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return f"{project}+{datetime.fromtimestamp(epoch, UTC):%Y%m%d.%H%M}"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def default_epoch() -> int:
    """SOURCE_DATE_EPOCH, else the time of the checkout's last commit (s since 1970)."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(said)
    return int(run(["git", "-C", ROOT, "log", "-1", "--format=%ct"]).strip())


def check(recipe: Recipe) -> None:
    """Say what is wrong with a recipe without building it: programs, emulator, files, sizes, this host's Python."""
    need(*_PROGRAMS)
    base.need_target()
    wheels.interpreter(recipe)
    disk.tables(disk.layout(recipe.sizes_mib))
    for slot in ("A", "B"):
        boot.command_line(recipe, slot)
    print(f"{recipe.name}: {recipe.about}, {recipe.suite}, {len(recipe.packages)} packages named: in order")


def parser() -> argparse.ArgumentParser:
    """What may be said on the command line."""
    cache = ROOT / ".cache/image"
    made = argparse.ArgumentParser(prog="image-build/build", description=__doc__)
    made.add_argument("--recipe", choices=known(), default="lab")
    made.add_argument("--suite", help="another suite than the recipe's")
    made.add_argument("--mirror", action="append", default=[], help="an archive's address or a whole `deb ...` line")
    made.add_argument("--out", type=Path, help="where the image goes (default: under the cache)")
    made.add_argument("--cache", type=Path, default=cache, help="what is kept from build to build")
    made.add_argument("--source", default="simulated", help="what the camera shows until it is configured")
    made.add_argument("--version", help="instead of the agent's version and the last commit's time")
    made.add_argument("--epoch", type=int, default=None, help="the image's time, s since 1970 (SOURCE_DATE_EPOCH)")
    made.add_argument("--revision", default="HEAD", help="the commit whose agent goes in")
    made.add_argument("--sign-key", type=Path, help="the private key that signs bundles")
    made.add_argument("--sign-cert", type=Path, help="its certificate")
    made.add_argument("--keyring", type=Path, help="the certificates that cameras trust (default: that certificate)")
    made.add_argument("--check", action="store_true", help="check the recipe only")
    return made


def main(arguments: Sequence[str]) -> int:
    """Build; 0 done, 3 when a person must act."""
    options = parser().parse_args(arguments)
    try:
        recipe = load(options.recipe)
        if options.suite:
            recipe = dataclasses.replace(recipe, suite=options.suite)
        if options.check:
            check(recipe)
            return 0
        need(*_PROGRAMS)
        if options.epoch is None:
            options.epoch = default_epoch()
        build = Build(recipe, options)
        become_root(build, arguments)
        build.run()
    except BuildError as error:
        print(f"image-build: {error}", file=sys.stderr)
        return 3
    return 0


def become_root(build: Build, arguments: Sequence[str]) -> None:
    """Go on as root of a user namespace of our own, so that files in the image belong to whom they should."""
    if os.geteuid() == 0:
        return
    build.base_archive()
    command = ["unshare", "--map-auto", "--map-root-user", sys.executable, "-m", "tools.image", *arguments]
    os.chdir(ROOT)
    os.execvp(command[0], command)
