"""The API as an OpenAPI 3.1 document, made from the types of its requests and answers and from the table of roles."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from agent.hub.callers import Role
from agent.web.access import ACCESS
from agent.web.guard import WebLimits
from agent.web.operations import JSON, OPERATIONS, TEXT, Operation

ABOUT = """The camera as hubs, technicians and people on the camera itself use it. Over the network it speaks TLS 1.3
only; the hub's certificate, made when the camera was claimed, decides who may do what: `x-role` of an operation is the
least role it needs, and each role may do what those before it may: stranger, technician, hub, local. Answers may have
more fields in time; a request with a field that is not known is refused. What is refused says why as plain text."""
REFS = "#/components/schemas/{name}"
_NAMES = re.compile(r"\{(\w+)\}")
_SECURITY: dict[Role, list[dict[str, list[str]]]] = {
    Role.STRANGER: [],
    Role.TECHNICIAN: [{"certificate": []}, {"session": []}],
    Role.HUB: [{"certificate": []}, {"session": []}],
    Role.LOCAL: [],
}
_SCHEMES = {
    "certificate": {"type": "mutualTLS", "description": "a certificate of the hub that claimed the camera"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-aislewatch",
        "description": "the cookie of the camera's page; each request is signed by its browser as well",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "the token of the input or till, from its table"},
}
_GENERAL = {
    400: "The body or the query is not as expected; the text says what and where.",
    401: "The token of this input or till is missing or wrong.",
    403: "This takes another role, or comes from another site's page.",
    404: "Nothing of that name is here, or this camera is not made for it.",
    408: "The body did not arrive in time.",
    409: "That cannot be done now, or not as it is; the text says why and what to do.",
    410: "No claim is open, or its time is over.",
    413: f"The body is larger than {WebLimits().max_body} bytes.",
    415: "Compressed bodies are not accepted.",
    422: "It is well formed and cannot be used; the text says why.",
    429: "Too many at once, or too many wrong tokens; try again later.",
    503: "The part that is asked cannot answer now.",
}


@cache
def encoded() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """The whole document."""
    schemas, components = _schemas(OPERATIONS.values())
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in OPERATIONS.items():
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _described(route, operation, schemas)
    texts = {f"{status}": _refusal(words) for status, words in _GENERAL.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aislewatch camera", "version": "1", "description": ABOUT},
        "servers": [{"url": "https://{camera}:8743", "variables": {"camera": {"default": "aislewatch-ID.local"}}}],
        "paths": paths,
        "components": {"schemas": components, "responses": texts, "securitySchemes": _SCHEMES},
    }


def _schemas(operations: Iterable[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The schema of every type that an operation names, and of those that they are made of."""
    kinds = list(dict.fromkeys(kind for operation in operations for kind in _kinds(operation)))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFS)
    for component in components.values():
        if "description" in component:  # Python 3.13 strips the indentation of docstrings itself
            component["description"] = inspect.cleandoc(component["description"])
    return dict(zip(kinds, map(_common, schemas), strict=True)), _common(components)


def _kinds(operation: Operation) -> Iterator[Any]:
    yield from (*operation.answers, *operation.takes)
    yield from (kind for kind in (operation.query, operation.mistakes) if kind is not None)


def _common(schema: Any) -> Any:
    """The same as more readers understand it: patterns without \\Z, a tuple of one kind as an array of its length."""
    if isinstance(schema, list):
        return [_common(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if (kinds := schema.get("prefixItems")) and all(kind == kinds[0] for kind in kinds):
        schema = {**{key: value for key, value in schema.items() if key != "prefixItems"}, "items": kinds[0]}
    return {
        key: value.replace(r"\Z", "$") if key == "pattern" and isinstance(value, str) else _common(value)
        for key, value in schema.items()
    }


def _described(route: str, operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    role = ACCESS.get(route, Role.LOCAL)
    token: list[dict[str, list[str]]] = [{"token": []}] if 401 in operation.refuses else []
    found: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": operation.does,
        "x-role": role.name.lower(),
        "security": token or _SECURITY[role],
        "responses": {**_successes(operation, schemas), **_refusals(route, operation, schemas)},
    }
    if parameters := [*_path_parameters(route), *_query_parameters(operation, schemas)]:
        found["parameters"] = parameters
    if operation.takes:
        found["requestBody"] = {"required": True, "content": _content(operation.takes, schemas)}
    return found


def _operation_id(route: str) -> str:
    """Such as `post-v1-clips-id-hold`."""
    return "-".join(re.findall(r"\w+", route.lower().replace("-", "_")))


def _successes(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    if operation.switches:
        return {"101": {"description": "It goes on as a WebSocket."}}
    files: dict[str, Any] = {media: {} for media in operation.media}
    content = _content(operation.answers, schemas) if operation.answers else files
    return {"200": {"description": "Done.", "content": content}}


def _content(kinds: tuple[Any, ...], schemas: dict[Any, Any]) -> dict[str, Any]:
    found = [schemas[kind] for kind in kinds]
    return {JSON: {"schema": found[0] if len(found) == 1 else {"anyOf": found}}}


def _refusals(route: str, operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    statuses = {403, *operation.refuses}
    statuses |= {400, 408, 413, 415} if operation.takes else set()
    statuses |= {400} if operation.query is not None or operation.switches else set()
    statuses |= {404} if "{" in route else set()
    found: dict[str, Any] = {f"{status}": {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    if operation.mistakes is not None:
        content = {JSON: {"schema": schemas[operation.mistakes]}}
        found["422"] = {"description": "Mistakes of the configuration.", "content": content}
    return found


def _refusal(words: str) -> dict[str, Any]:
    return {"description": words, "content": {TEXT: {"schema": {"type": "string"}}}}


def _path_parameters(route: str) -> Iterator[dict[str, Any]]:
    for name in _NAMES.findall(route):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(operation: Operation, schemas: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    info = msgspec.json.schema(operation.query, ref_template=REFS)
    own = _common(info["$defs"][operation.query.__name__]) if "$defs" in info else _common(info)
    for name, schema in own["properties"].items():
        yield {"name": name, "in": "query", "required": name in own.get("required", ()), "schema": schema}
