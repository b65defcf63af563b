"""The generated pages are those of the code as it is."""

import re

import pytest

from agent.config import parse_config
from agent.rule_config import RULE_TABLES
from tools.make_docs import DOCS, PAGES

SHOP = """
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0, 0], [1, 0], [1, 1]]
[[zone]]
name = "stock-room"
kind = "restricted"
polygon = [[0, 0], [1, 0], [1, 1]]
[[zone]]
name = "till-queue"
kind = "queue"
polygon = [[0, 0], [1, 0], [1, 1]]
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0, 0], [1, 0], [1, 1]]
[[zone]]
name = "wines"
kind = "shelf"
polygon = [[0, 0], [1, 0], [1, 1]]
[[line]]
name = "door"
points = [[0, 0], [1, 1]]
[[input]]
name = "reader"
kind = "grant"
[[input]]
name = "button"
kind = "panic"
[[till]]
terminal = "1"
zone = "till"
[[schedule]]
name = "opening"
start = "08:00"
end = "20:00"
"""


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_the_examples_of_all_rules_are_a_configuration() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGES["rules.md"](), re.DOTALL)
    config = parse_config(SHOP + "".join(examples))
    assert [rule.kind for rule in config.rules] == list(RULE_TABLES)
