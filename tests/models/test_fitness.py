"""A delivered model is judged on the camera before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, chain, cycle

import msgspec
import pytest

from agent.models.bundles.fitness import BUDGET_MS, RUNS, Runtime, Unfit, judge
from agent.models.bundles.parcel import Parcel
from agent.models.references import People
from hal.tflite import open_accelerator
from models import golden
from models.golden import PEOPLE, PICTURE, Golden
from tests.contract.tiny_model import edgetpu_model
from tests.models.signers import FILES, parcel, signer
from tests.models.spoilt import SPOILT, Spoil, zeroed

PLAIN = Runtime("auto", 1)
MODEL = FILES["person-s.tflite"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Parcel:
    return parcel(tmp_path_factory.mktemp("parcel"), signer(), slower=2.0)


def changed(good: Parcel, **contents: bytes) -> Parcel:
    """The bundle with other files, `.` of their names as `_`."""
    named = {key.replace("_", ".").replace("person.s", "person-s"): content for key, content in contents.items()}
    return replace(good, contents={**good.contents, **named})


def taking(*runs_ms: float) -> Callable[[], float]:
    """A clock by which the runs of the first model take so long, and those of the next one, ..."""
    spans = chain.from_iterable([took / 1e3, 0.0] * RUNS for took in runs_ms)
    times = accumulate(chain([0.0], spans, cycle([0.0])))
    return lambda: next(times)


def judged(parcel: Parcel, before: bytes | None, *runs_ms: float) -> dict[str, object]:
    said: list[int] = []
    found = judge(parcel, before, PLAIN, taking(*runs_ms), lambda per_cent, doing: said.append(per_cent))
    assert said == sorted(said)
    return found


def test_one_that_repeats_its_goldens_in_time_is_fit(good: Parcel) -> None:
    assert judged(good, MODEL, 30.0, 20.0) == {"judged": True, "golden": True, "took_ms": 30.0, "limit_ms": 40.0}
    assert judged(good, None, 390.0)["limit_ms"] == BUDGET_MS


def test_one_that_takes_too_long_is_not(good: Parcel) -> None:
    with pytest.raises(Unfit, match=r"takes 41\.0 ms here, 40\.0 ms are its budget"):
        judged(good, MODEL, 41.0, 20.0)
    with pytest.raises(Unfit, match=r"400\.0 ms are its budget"):
        judged(good, MODEL, 401.0, 300.0)


def test_one_that_gives_other_outputs_is_not(good: Parcel) -> None:
    known = msgspec.json.decode(good.contents["golden.json"])
    known["outputs"][0] = "0" * 64
    with pytest.raises(Unfit, match="other outputs"):
        judged(changed(good, golden_json=msgspec.json.encode(known)), MODEL, 1.0)
    with pytest.raises(Unfit, match="cannot be read"):
        judged(changed(good, golden_json=b"{}"), MODEL, 1.0)


def test_one_that_cannot_be_loaded_or_is_another_kind_is_not(good: Parcel) -> None:
    with pytest.raises(Unfit, match="cannot be loaded"):
        judged(changed(good, person_s_tflite=MODEL[:5000]), MODEL, 1.0)
    other = msgspec.structs.replace(good.spec, input=msgspec.structs.replace(good.spec.input, width=320))
    with pytest.raises(Unfit, match="its manifest entry says"):
        judged(replace(good, spec=other), MODEL, 1.0)


@pytest.mark.parametrize("spoil", SPOILT)
def test_one_that_does_not_see_is_not_whatever_its_goldens_say(good: Parcel, spoil: Spoil) -> None:
    bad = spoil(MODEL)
    accelerator = open_accelerator(bad, device="cpu", reference_kernels=True)
    known = msgspec.structs.replace(golden.parse(good.contents["golden.json"]), outputs=golden.outputs(accelerator))
    told = msgspec.structs.replace(known, scores=())
    with pytest.raises(Unfit, match="person-s-v2 does not see: it finds") as unfit:
        judged(changed(good, person_s_tflite=bad, golden_json=told.written), MODEL, 1.0)
    assert "reference picture of its own" in unfit.value.hint


def test_without_a_picture_of_its_own_the_one_of_the_software_is_shown(good: Parcel) -> None:
    bare = {name: part for name, part in good.contents.items() if name not in (PICTURE, PEOPLE, "golden.json")}
    assert judged(replace(good, contents=bare), None, 30.0)["judged"] is True
    with pytest.raises(Unfit, match="does not see"):
        judged(replace(good, contents={**bare, "person-s.tflite": zeroed(MODEL)}), None, 30.0)


def test_a_picture_of_its_own_decides(good: Parcel) -> None:
    """As of a model for another view, whose people are elsewhere."""
    told = People(((0.4, 0.1, 0.5, 0.2),))
    with pytest.raises(Unfit, match="finds 0 of the 1 people"):
        judged(changed(good, reference_json=msgspec.json.encode(told), golden_json=Golden("a", "").written), None, 1.0)


def test_one_for_an_edge_tpu_is_left_to_the_trial(good: Parcel) -> None:
    assert judged(changed(good, person_s_tflite=edgetpu_model()), MODEL) == {"judged": False}


def test_without_goldens_it_is_loaded_and_timed(good: Parcel) -> None:
    bare = replace(good, contents={name: part for name, part in good.contents.items() if name != "golden.json"})
    assert judged(bare, edgetpu_model(), 30.0)["golden"] is False
