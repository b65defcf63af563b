"""25 faults put into a unit: the right one is named first, alone and in pairs, and the page says so."""

from __future__ import annotations

import pytest

from tools.doctor_faults import FAULTS
from tools.score_doctor import BEGIN, END, PAGE, examined, page_with, pair_right, pairs, score, table

LEAST = 24


def test_the_right_fault_is_named_first_and_the_page_tells_it() -> None:
    rows = score()
    print(table(rows, ()))
    assert len(rows) == 25
    assert sum(row.right for row in rows) >= LEAST
    assert examined() == []
    written = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    told = table(rows, ()).partition("\n\n")[0]
    assert told in written, "write docs/doctor.md anew: python -m tools.score_doctor --write"


def test_of_two_faults_one_is_named_first() -> None:
    wrong = [(one, other, first and first.check) for one, other, first in pairs() if not pair_right(one, other, first)]
    assert len(wrong) <= 12, wrong


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_told_in_words_with_what_to_do(fault: str) -> None:
    first = examined(fault)[0]
    assert first.words
    assert len(first.todo) > 10


def test_a_page_keeps_what_stands_around_its_table() -> None:
    assert page_with(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
