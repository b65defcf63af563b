"""JSON bodies: read once, typed, and refused in words where they can be misread."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agent.web.bodies import decoded, shaped


class Place(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    at: tuple[float, float] = (0.0, 0.0)
    inner: dict[str, int] = {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "as expected"),
        (b"{", "as expected"),
        (b"{} {}", "as expected"),
        (b"[]", "Expected `object`"),
        (b'{"name": 3}', "$.name"),
        (b'{"name": "a", "other": 1}', "other"),
        (b'{"name": "a", "name": "b"}', "stands there twice"),
        (b'{"name": "a", "inner": {"x": 1, "x": 1}}', "stands there twice"),
        (b'{"name": "a", "at": [1e999, 0]}', "out of range"),
        (b'{"name": "a", "at": [NaN, 0]}', "out of range"),
        (b'{"name": "a", "at": [-Infinity, 0]}', "out of range"),
        (b'{"name": "\xff"}', "as expected"),
        ('{"name": "a"}'.encode("utf-16"), "as expected"),
        (b'{"name": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_can_be_misread_is_refused_in_words(body: bytes, said: str) -> None:
    with pytest.raises(web.HTTPBadRequest) as refused:
        decoded(body, Place)
    assert said in (refused.value.text or "")


@given(
    st.text(),
    st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2),
    st.dictionaries(st.text(), st.integers()),
)
def test_a_sound_body_is_what_it_says(name: str, at: tuple[float, float], inner: dict[str, int]) -> None:
    body = json.dumps({"name": name, "at": at, "inner": inner}).encode()
    found = decoded(body, Place)
    assert (found.name, found.inner) == (name, inner)
    assert all(math.isclose(one, other) for one, other in zip(found.at, at, strict=True))


def test_what_was_read_already_is_typed_in_the_same_way() -> None:
    assert shaped({"name": "a", "at": [1, 2]}, Place) == Place("a", (1.0, 2.0))
    with pytest.raises(web.HTTPBadRequest):
        shaped({"name": None}, Place)
