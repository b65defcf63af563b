"""Finding a model's file and trusting it: unknown name, missing file, wrong hash, search order."""

from pathlib import Path

import pytest

from agent.errors import ModelError
from agent.models import STORE, Catalogue
from agent.models.catalogue import search_path
from tests.models.entries import manifest, write


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.load(write(tmp_path / "models", manifest()), places=[tmp_path / "first", tmp_path / "second"])


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_an_unknown_name_gets_the_nearest_known_one(catalogue: Catalogue) -> None:
    with pytest.raises(ModelError, match="no model is called 'tyni'") as caught:
        catalogue.spec("tyni")
    assert "tiny" in caught.value.hint


def test_a_missing_file_tells_where_it_was_looked_for_and_how_to_bring_it(catalogue: Catalogue, tmp_path: Path) -> None:
    spec = catalogue.spec("tiny")
    assert catalogue.find(spec) is None
    with pytest.raises(ModelError) as caught:
        catalogue.read(spec)
    assert str(tmp_path / "first") in str(caught.value)
    assert str(tmp_path / "second") in str(caught.value)
    assert caught.value.hint == "bring it with: aislewatch model fetch tiny --from DIRECTORY|URL"


def test_the_first_place_that_has_it_wins(catalogue: Catalogue, tmp_path: Path) -> None:
    spec = catalogue.spec("tiny")
    put(tmp_path / "second" / "tiny.tflite", b"weights")
    assert catalogue.locate(spec) == tmp_path / "second" / "tiny.tflite"
    put(tmp_path / "first" / "tiny.tflite", b"weights")
    assert catalogue.locate(spec) == tmp_path / "first" / "tiny.tflite"
    assert catalogue.read(spec) == b"weights"


@pytest.mark.parametrize("content", [b"", b"weightz", b"weights and more"])
def test_a_damaged_file_is_refused_with_both_hashes(catalogue: Catalogue, tmp_path: Path, content: bytes) -> None:
    spec = catalogue.spec("tiny")
    put(tmp_path / "first" / "tiny.tflite", content)
    with pytest.raises(ModelError, match="damaged or another file") as caught:
        catalogue.read(spec)
    assert spec.sha256 in str(caught.value)
    assert str(tmp_path / "first" / "tiny.tflite") in str(caught.value)
    assert "fetch tiny" in caught.value.hint


def test_a_carried_file_is_looked_for_beside_the_manifest_only(tmp_path: Path) -> None:
    text = manifest().replace("source =", "file =")
    catalogue = Catalogue.load(write(tmp_path / "models", text), places=[tmp_path / "first"])
    put(tmp_path / "first" / "tiny.tflite", b"weights")
    with pytest.raises(ModelError, match="is missing") as caught:
        catalogue.locate(catalogue.spec("tiny"))
    assert caught.value.hint == "install again"
    put(tmp_path / "models" / "tiny.tflite", b"weights")
    assert catalogue.read(catalogue.spec("tiny")) == b"weights"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        put(tmp_path / "manifest.toml", content)
    with pytest.raises(ModelError, match=r"cannot read .*manifest.toml"):
        Catalogue.load(tmp_path)


def test_the_environment_names_the_places_before_the_devices_store() -> None:
    assert search_path({"AISLEWATCH_MODELS": "/a:/b"}) == (Path("/a"), Path("/b"), STORE)
    assert search_path({})[-1] == STORE
    assert len(search_path({"AISLEWATCH_MODELS": ""})) == 2
