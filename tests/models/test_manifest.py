"""The manifest: what ships is sound, and every mistake is told with its place."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import models
from agent.errors import ModelError
from agent.models import Catalogue
from agent.vision.spec import ModelSpec, parse_manifest, read_entry
from tests.models.entries import manifest

CARRIED = [spec for spec in Catalogue.load().specs if spec.carried]


def test_a_sound_entry_is_read() -> None:
    (spec,) = parse_manifest(manifest())
    assert spec.name == spec.filename.removesuffix(".tflite") == "tiny"
    assert not spec.carried
    assert spec.input.shape == (1, 48, 64, 3)
    assert spec.levels[0].anchors == ((20.0, 10.0),)
    assert spec.scores is not None
    assert spec.scores.night.confirm_score == 0.4


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "tiny"', "", r"model\[0\].name: is missing"),
        ('task = "person"', 'task = "parson"', r"task: .*parson"),
        ("licence =", "license =", r"license: unknown key \(did you mean 'licence'\?\)"),
        ('source = "tiny.tflite"', "", "needs either `file` or `source`"),
        ('source = "tiny.tflite"', 'source = "t"\nfile = "t"', "needs either `file` or `source`"),
        ('source = "tiny.tflite"', 'source = "../t.tflite"', "must be a plain file name"),
        ("size_bytes = 7", "size_bytes = 0", "size_bytes: must be positive"),
        ("size_bytes = 7", 'size_bytes = "7"', r"size_bytes: .*int"),
        ("width = 64", "width = 63", "width and height must be even"),
        ("width = 64", "breadth = 64", r"input: .*"),
        ('dtype = "uint8"', 'dtype = "int16"', r"input: .*int16"),
        ('decoder = "ssd_raw"', 'decoder = "ssd_post"', "level: is not used by the decoder ssd_post"),
        ('decoder = "ssd_raw"', 'decoder = "movenet"', "movenet does not fit a person model"),
        ('task = "person"', 'task = "pose"', "ssd_raw does not fit a pose model"),
        ("min_score = 0.3,", "min_score = 0.6,", "scores.day: must obey"),
        ("night = { min_score = 0.2, confirm_score = 0.4 }", "", r"scores: .*night"),
        ("grid = [3, 4]", "grid = [0, 4]", r"level\[0\]: needs a positive grid"),
        ("anchors = [[20.0, 10.0]]", "anchors = []", "at least one anchor"),
        ("anchors = [[20.0, 10.0]]", "anchors = [[-1.0, 10.0]]", "must be positive"),
        ("step = [16.0, 16.0]", "step = [inf, 16.0]", "must be positive"),
        ('licence = "Apache-2.0"', 'licence = "Apache-2.0"\nnms_iou = 1.5', "nms_iou: must lie in 0..1"),
        ('licence = "Apache-2.0"', 'licence = "Apache-2.0"\nlabels = ["cat"]', "labels: must name 'person'"),
        ('licence = "Apache-2.0"', 'licence = "Apache-2.0"\ncalibration = [0.0, 1.0]', "slope must be positive"),
        ('licence = "Apache-2.0"', 'licence = "Apache-2.0"\nbox_scale = [0.0, 1.0, 1.0, 1.0]', "box_scale: must be"),
        ("[[model]]", "[modle]\na = 1\n[[model]]", "modle: unknown table"),
        ("[[model]]", "[[model", "is not TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    text = manifest()
    assert old in text
    with pytest.raises(ModelError, match=told):
        parse_manifest(text.replace(old, new, 1), origin="here.toml")


def test_a_hash_that_is_none_is_told() -> None:
    with pytest.raises(ModelError, match="sha256: must be 64"):
        parse_manifest(re.sub('sha256 = "[0-9a-f]*"', 'sha256 = "ABC"', manifest()))


def test_all_mistakes_are_told_together() -> None:
    wrong = manifest().replace("size_bytes = 7", "size_bytes = -1")
    also = manifest().replace('task = "person"', 'task = "car"').replace("licence =", "licnce =")
    with pytest.raises(ModelError) as caught:
        parse_manifest(wrong + also, origin="here.toml")
    text = str(caught.value)
    assert text.startswith("here.toml has 4 mistake(s)")
    for part in ("model[0] (tiny).size_bytes", "model[1] (tiny).task", "licnce", "licence: is missing"):
        assert part in text


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(ModelError, match="'tiny' is used twice"):
        parse_manifest(manifest() * 2)


def test_two_maps_of_one_grid_are_refused() -> None:
    level = "[[model.level]]" + manifest().split("[[model.level]]")[1]
    with pytest.raises(ModelError, match="the same grid"):
        parse_manifest(manifest() + level)


@pytest.mark.parametrize("text", ["", "model = 3", "model = []", "model = [3]"])
def test_a_manifest_without_models_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="model"):
        parse_manifest(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with pytest.raises(ModelError):
        parse_manifest(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["name", "task", "sha256", "size_bytes", "input", "decoder", "nms_iou", "level", "scores", "calibration"]


@given(st.sampled_from(FIELDS), VALUES)
def test_any_value_in_any_field_is_read_or_refused_in_words(key: str, value: object) -> None:
    """What TOML can hold, put where the manifest expects something else."""
    document = tomllib.loads(manifest())
    document["model"][0][key] = value
    found, problems = read_entry(document["model"][0], "model[0]")
    assert (found is None) <= bool(problems)


def test_the_shipped_manifest_names_what_the_product_needs() -> None:
    names = Catalogue.load().names
    assert {"coco-ssd", "yolox-192", "movenet-lightning", "person-m"} <= set(names)
    assert all(spec.licence and spec.attribution for spec in Catalogue.load().specs)


@pytest.mark.parametrize("spec", CARRIED, ids=lambda spec: spec.name)
def test_every_carried_model_lies_there_as_named(spec: ModelSpec) -> None:
    content = Catalogue.load(places=()).read(spec)
    assert len(content) == spec.size_bytes
    assert (models.DIRECTORY / spec.filename).is_file()


def test_every_model_file_is_named() -> None:
    assert {path.name for path in models.DIRECTORY.glob("*.tflite")} == {spec.filename for spec in CARRIED}
