"""Every example in docs/protocol.md is what the code reads and writes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.events.orders import VERSIONS, Order, do_of, pack_order, read_order
from agent.events.wire import CloseCode, FromCamera, FromHub, Message, decode_from_camera, decode_from_hub, encode

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def with_bytes(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose texts that begin with `base64:` are bytes."""
    return {
        key: base64.b64decode(value[7:]) if isinstance(value, str) and value.startswith("base64:") else value
        for key, value in pairs
    }


BLOCKS = [
    json.loads(block, object_pairs_hook=with_bytes) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
]
EXAMPLES = [block for block in BLOCKS if "type" in block]
ORDERS = [block for block in BLOCKS if "do" in block]
READERS: dict[str, tuple[Callable[[bytes], Message], ...]] = {
    "hello": (decode_from_camera,),
    "events": (decode_from_camera,),
    "resume": (decode_from_hub,),
    "ack": (decode_from_hub,),
    "ping": (decode_from_camera, decode_from_hub),
    "pong": (decode_from_camera, decode_from_hub),
    **dict.fromkeys(("command", "fetch", "take", "leave"), (decode_from_hub,)),
    **dict.fromkeys(("result", "part", "done", "undone"), (decode_from_camera,)),
}


def tags(union: object) -> set[str]:
    return {str(message.__struct_config__.tag) for message in union.__args__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_an_example_is_read_and_written_back_unchanged(example: dict[str, object]) -> None:
    for read in READERS[str(example["type"])]:
        message = read(msgspec.msgpack.encode(example))
        assert msgspec.msgpack.decode(encode(message)) == example


@pytest.mark.parametrize("example", ORDERS, ids=lambda example: example["do"])
def test_an_order_is_read_and_written_back_unchanged(example: dict[str, object]) -> None:
    order = read_order(msgspec.Raw(msgspec.msgpack.encode(example)))
    assert do_of(order) == example["do"]
    assert msgspec.msgpack.decode(pack_order(order)) == example


def test_every_order_has_an_example() -> None:
    assert {str(example["do"]) for example in ORDERS} == tags(Order) == VERSIONS.keys()


def test_every_message_has_an_example() -> None:
    assert {example["type"] for example in EXAMPLES} == tags(FromCamera) | tags(FromHub)


def test_every_close_code_is_explained() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", DOCUMENT, re.MULTILINE)} == set(map(int, CloseCode))
