"""The table of who may do what: complete, and without entries for what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.hub.callers import Role
from agent.web.access import ACCESS, least_role

WEB = Path(__file__).parents[2] / "agent" / "web"
ADDED = re.compile(r'(?:add_|web\.)(get|post|put|patch|delete)\(\s*"(/[^"]*)"')
OPEN = {
    *("GET /v1/identity", "POST /v1/pair", "POST /v1/inputs/{name}", "POST /v1/till"),
    *("GET /enter/{code}", "POST /v1/sessions/key"),
}


def routes_in_the_code() -> set[str]:
    texts = (path.read_text() for path in WEB.glob("*.py"))
    return {f"{method.upper()} {path}" for text in texts for method, path in ADDED.findall(text)}


def test_every_route_stands_in_the_table_and_the_table_names_no_other() -> None:
    assert routes_in_the_code() == set(ACCESS)


def test_strangers_may_use_these_and_no_other() -> None:
    assert {route for route, role in ACCESS.items() if role is Role.STRANGER} == OPEN


@pytest.mark.parametrize("route", ["GET /v1/nothing", "POST /v1/identity", "DELETE /v1/clips/{id}"])
def test_what_is_not_in_the_table_is_closed(route: str) -> None:
    assert least_role(route) is Role.LOCAL
