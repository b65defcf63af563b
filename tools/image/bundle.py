"""Update bundles: a root and a boot slot, signed; and the key of a laboratory's build."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.image.recipe import Recipe
from tools.image.run import run

_MANIFEST = """[update]
compatible={compatible}
version={version}

[bundle]
format={bundles}

[image.rootfs]
filename=rootfs.img

[image.boot]
filename=boot.img
"""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs bundles: certificate and private key (PEM files), and the certificates that cameras trust."""

    certificate: Path
    key: Path
    keyring: Path


def laboratory_signer(folder: Path) -> Signer:
    """A signer made for this laboratory's builds, kept beside them and never in an image."""
    certificate, key = folder / "signer.pem", folder / "signer.key"
    if not certificate.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *(
                    "-days",
                    "36500",
                    "-subj",
                    "/CN=Aislewatch laboratory",
                    "-keyout",
                    key,
                    "-out",
                    certificate,
                ),
                *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            ]
        )
        key.chmod(0o600)
    return Signer(certificate, key, certificate)


def make(out: Path, recipe: Recipe, version: str, *, root: Path, boot: Path, signer: Signer, work: Path) -> None:
    """Write a signed bundle of a root and a boot image. Raises BuildError."""
    content = work / "bundle"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir(parents=True)
    (content / "rootfs.img").hardlink_to(root)
    (content / "boot.img").hardlink_to(boot)
    manifest = _MANIFEST.format(compatible=recipe.compatible, version=version, bundles=recipe.bundles)
    (content / "manifest.raucm").write_text(manifest, encoding="ascii")
    out.unlink(missing_ok=True)
    signed = [f"--cert={signer.certificate}", f"--key={signer.key}", f"--keyring={signer.keyring}"]
    run(["rauc", "bundle", *signed, "--mksquashfs-args=-comp zstd -Xcompression-level 9 -quiet", content, out])
    shutil.rmtree(content)
