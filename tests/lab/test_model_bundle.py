"""A model's bundle under the real units: root takes it over, the sandboxed agent reads, checks and uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Boot
from tests.lab.nspawn import Machine
from tests.models.signers import made, signer

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

OURS = signer()
BUNDLE = "/root/person-s-v2.model"
SHELF = "var/lib/aislewatch/models/bundles"


@pytest.fixture(scope="module")
def camera(boot: Boot) -> Iterator[Machine]:
    """A camera that trusts our signer, and a bundle in root's hand."""

    def prepare(root: Path) -> None:
        keyring = root / "etc/rauc/keyring.pem"
        keyring.parent.mkdir()
        keyring.write_bytes(OURS.pem)
        (root / BUNDLE[1:]).write_bytes(made(OURS, replaces=("person-m",)))
        (root / "root/forged.model").write_bytes(made(signer("Somebody else")))

    with boot(prepare) as machine:
        machine.until_ready()
        yield machine


def status(machine: Machine) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(machine.run("aislewatch", "status", "--json").stdout)
    return told


def test_a_forged_one_is_refused(camera: Machine) -> None:
    refused = camera.run("aislewatch", "update", "/root/forged.model", check=False)
    assert (refused.returncode, "does not trust" in refused.stderr) == (3, True)
    assert not (camera.root / SHELF).exists()


def test_ours_is_tried_kept_and_used(camera: Machine) -> None:
    assert status(camera)["model"]["name"] == "person-m"
    kept = camera.run("aislewatch", "update", BUNDLE, check=False, limit_s=240)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    used = status(camera)["model"]
    assert (used["name"], used["degraded"]) == ("person-s-v2", "")
    data = (camera.root / "var/lib/aislewatch").stat()
    for path in (camera.root / SHELF / "person-s-v2").iterdir():
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (data.st_uid, 0o644)
    assert "delivered, signed by CN=Releases" in camera.run("aislewatch", "model", "list").stdout
    camera.signal("SIGKILL")
    camera.until_restarted()
    assert status(camera)["model"]["name"] == "person-s-v2"
