"""Damage to a model's structure is found before a runtime can stumble over it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.flatbuffer import verify_model
from tests.contract.tiny_model import add_model

MODEL = add_model()


def test_a_sound_model_passes() -> None:
    verify_model(MODEL)


@pytest.mark.parametrize("length", range(0, len(MODEL), 7))
def test_every_truncation_is_found(length: int) -> None:
    with pytest.raises(ValueError):
        verify_model(MODEL[:length])


def test_a_loop_of_tables_ends() -> None:
    """A vector of a million references to one table is looked at once."""
    with contextlib.suppress(ValueError):
        verify_model(MODEL[:8] + b"\x04\x00\x00\x00" * 1_000_000)


@given(st.lists(st.tuples(st.integers(0, len(MODEL) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_no_damage_raises_anything_but_valueerror(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(MODEL)
    for at, value in changes:
        damaged[at] = value
    with contextlib.suppress(ValueError):
        verify_model(bytes(damaged))
