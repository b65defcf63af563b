"""Delivered models on the data partition: whole or not there, believed only as long as they are what was signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.build import Detectors
from agent.cli.main import app
from agent.errors import ModelError, OperatorError
from agent.model_desk import ModelDesk
from agent.models import Catalogue
from agent.models.bundles import signing
from agent.models.bundles.parcel import read_parcel
from agent.models.bundles.shelf import FOLDER, Shelf
from agent.tables.camera import ModelConfig
from hal.system import SystemClock
from models.golden import PICTURE
from tests.models.signers import FILES, made, parcel, signer, spoilt_files
from tests.models.spoilt import zeroed

OURS = signer()
STEPS = 9
"""Eight files and the name."""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, lambda: (OURS.certificate,))


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of a camera that trusts our signer."""
    keyring = tmp_path / "keyring.pem"
    keyring.write_bytes(OURS.pem)
    monkeypatch.setenv(signing.VARIABLE, str(keyring))
    return tmp_path / "models"


class Cut(BaseException):
    """The plug was pulled."""


@pytest.mark.parametrize("cut", range(STEPS))
def test_a_cut_at_each_step_leaves_a_whole_model_or_none(tmp_path: Path, shelf: Shelf, cut: int) -> None:
    shelf.put(parcel(tmp_path, OURS, "1"))
    steps = iter(range(STEPS))

    def step(what: str) -> None:
        if next(steps) == cut:
            raise Cut

    second = parcel(tmp_path, OURS, "2")
    with pytest.raises(Cut):
        shelf.put(second, step)
    usable, refused = shelf.look()
    assert ([one.spec.name for one in usable], refused) == (["person-s-v1"], {})
    shelf.put(second)
    assert shelf.holds(second)
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == ["person-s-v1", "person-s-v2"]


def test_every_step_was_cut(tmp_path: Path, shelf: Shelf) -> None:
    steps: list[str] = []
    shelf.put(parcel(tmp_path, OURS), steps.append)
    assert (len(steps), steps[-1]) == (STEPS, "naming it")


def test_versions_are_ordered_as_numbers_and_old_ones_go(tmp_path: Path, shelf: Shelf) -> None:
    for version in ("10", "9", "1", "2"):
        shelf.put(parcel(tmp_path, OURS, version))
    assert shelf.names() == [f"person-s-v{version}" for version in (1, 2, 9, 10)]
    shelf.prune("person-s", {"person-s-v1"})
    assert shelf.names() == [f"person-s-v{version}" for version in (1, 9, 10)]
    shelf.remove("person-s-v10")
    assert shelf.names() == ["person-s-v1", "person-s-v9"]


def test_what_is_no_longer_what_was_signed_may_not_be_used(tmp_path: Path, shelf: Shelf) -> None:
    for version in ("1", "2", "3"):
        shelf.put(parcel(tmp_path, OURS, version))
    (tmp_path / FOLDER / "person-s-v1/manifest.toml").write_bytes(FILES["manifest.toml"] + b"\n")
    (tmp_path / FOLDER / "person-s-v2/bundle.sig").unlink()
    (tmp_path / FOLDER / "person-s-v3").rename(tmp_path / FOLDER / "person-s-v4")
    usable, refused = shelf.look()
    assert not usable
    assert "not the file that was signed" in refused["person-s-v1"]
    assert "bundle.sig cannot be read" in refused["person-s-v2"]
    assert "holds person-s-v3" in refused["person-s-v4"]
    with pytest.raises(OperatorError, match="does not trust"):
        Shelf(tmp_path, lambda: ()).load("person-s-v3" if "person-s-v3" in shelf.names() else "person-s-v4")


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("no folder")
    with pytest.raises(OperatorError, match="cannot be written"):
        Shelf(tmp_path / "full").put(parcel(tmp_path, OURS))


def test_the_catalogue_knows_it_by_its_version(tmp_path: Path, trusting: Path) -> None:
    Shelf(trusting).put(parcel(tmp_path, OURS))
    catalogue = Catalogue.load(store=trusting)
    spec = catalogue.spec("person-s-v2")
    assert catalogue.read(spec) == FILES["person-s.tflite"]
    assert catalogue.read(catalogue.spec("person-s")) == FILES["person-s.tflite"]
    assert catalogue.locate(spec).parent == trusting / FOLDER / "person-s-v2"
    detector = Detectors(ModelConfig(name="person-s-v2"), SystemClock(), catalogue).open()
    assert (detector.spec.name, detector.accelerator_info.degraded) == ("person-s-v2", "")
    detector.close()


def test_the_picture_that_came_with_it_is_what_it_has_to_see(tmp_path: Path, trusting: Path) -> None:
    Shelf(trusting).put(parcel(tmp_path, OURS))
    catalogue = Catalogue.load(store=trusting)
    spec = catalogue.spec("person-s-v2")
    assert catalogue.reference(spec).scores == catalogue.reference(catalogue.spec("person-s")).scores
    picture = trusting / FOLDER / "person-s-v2" / PICTURE
    picture.write_bytes(picture.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"reference\.jpg is not the file that was signed"):
        catalogue.reference(spec)
    detector = Detectors(ModelConfig(name="person-s-v2"), SystemClock(), catalogue).open()
    assert "person-s stands in" in detector.accelerator_info.degraded
    detector.close()


def test_whoever_asks_whether_it_sees_is_told(tmp_path: Path, trusting: Path) -> None:
    bundle = tmp_path / "blind.model"
    bundle.write_bytes(made(OURS, files=spoilt_files(zeroed)))
    Shelf(trusting).put(read_parcel(bundle, (OURS.certificate,)))
    desk = ModelDesk(SystemClock(), store=trusting)
    blind, sees = (desk.verify(name) for name in ("person-s-v2", "person-s"))
    assert (blind["people"], sees["people"], sees["wrong"], sees["device"]) == (5, 5, "", "cpu")
    assert str(blind["wrong"]).startswith("it finds 0 of the 5")


def test_the_command_says_which_models_see() -> None:
    said = CliRunner().invoke(app, ["model", "verify", "person-s", "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["wrong"] == ""


def test_when_the_card_loses_it_the_one_that_came_with_the_software_stands_in(tmp_path: Path, trusting: Path) -> None:
    Shelf(trusting).put(parcel(tmp_path, OURS))
    (trusting / FOLDER / "person-s-v2/person-s.tflite").write_bytes(b"\0" * 1_184_512)
    catalogue = Catalogue.load(store=trusting)
    detector = Detectors(ModelConfig(name="person-s-v2"), SystemClock(), catalogue).open()
    assert detector.spec.name == "person-s"
    assert "damaged" in detector.accelerator_info.degraded
    assert "person-s stands in" in detector.accelerator_info.degraded
    detector.close()
    (trusting / FOLDER / "person-s-v2/bundle.json").unlink()
    catalogue = Catalogue.load(store=trusting)
    with pytest.raises(ModelError, match="cannot be read") as refused:
        catalogue.spec("person-s-v2")
    assert "aislewatch model use person-s" in refused.value.hint
    with pytest.raises(ModelError, match="no model is called"):
        Detectors(ModelConfig(name="nobody-v2"), SystemClock(), catalogue)
