"""The API's document: complete, well formed, and served to those who may read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import jsonschema
import pytest

from agent.hub.callers import Role
from agent.hub.identity import Identity
from agent.web.access import ACCESS
from agent.web.api import Facts, create_app, serving
from agent.web.openapi import document
from agent.web.operations import OPERATIONS

DOCUMENT = document()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield f"{method.upper()} {path}", described


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_every_route_is_in_it_with_the_role_that_it_needs() -> None:
    assert {route: described["x-role"] for route, described in operations()} == {
        route: role.name.lower() for route, role in ACCESS.items()
    }


def test_strangers_and_those_on_the_camera_need_no_certificate() -> None:
    for route, described in operations():
        proven = any("certificate" in scheme for scheme in described["security"])
        assert proven == (ACCESS[route] in (Role.TECHNICIAN, Role.HUB)), route


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [described["operationId"] for _, described in operations()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    components = DOCUMENT["components"]
    for reference in references(DOCUMENT):
        _, _, kind, name = reference.split("/")
        assert name in components[kind], reference


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_names_in_paths_are_parameters() -> None:
    for route, described in operations():
        given = {one["name"] for one in described.get("parameters", ()) if one["in"] == "path"}
        assert given == set(re.findall(r"\{(\w+)\}", route)), route


def test_bodies_say_what_is_refused() -> None:
    for route, operation in OPERATIONS.items():
        method, _, path = route.partition(" ")
        described = DOCUMENT["paths"][path][method.lower()]
        assert ("requestBody" in described) == bool(operation.takes)
        assert not operation.takes or {"400", "413"} <= described["responses"].keys()


async def test_it_is_served() -> None:
    facts = Facts(lambda: Identity(id="cam0001", model="test", fw="0.1.0"), dict, list)
    async with (
        serving(create_app(facts), "127.0.0.1", 0) as running,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{running.port}/v1/openapi.json") as response,
    ):
        assert response.status == 200
        assert await response.json() == json.loads(json.dumps(DOCUMENT))
