"""Every example in docs/protocol.md is what the code reads and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.events.wire import CloseCode, FromCamera, FromHub, Message, decode_from_camera, decode_from_hub, encode

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]
READERS: dict[str, list[Callable[[bytes], Message]]] = {
    "hello": [decode_from_camera],
    "events": [decode_from_camera],
    "resume": [decode_from_hub],
    "ack": [decode_from_hub],
    "ping": [decode_from_camera, decode_from_hub],
    "pong": [decode_from_camera, decode_from_hub],
}


def tags(union: object) -> set[str]:
    return {str(message.__struct_config__.tag) for message in union.__args__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_an_example_is_read_and_written_back_unchanged(example: dict[str, object]) -> None:
    for read in READERS[str(example["type"])]:
        message = read(msgspec.msgpack.encode(example))
        assert msgspec.msgpack.decode(encode(message)) == example


def test_every_message_has_an_example() -> None:
    assert {example["type"] for example in EXAMPLES} == tags(FromCamera) | tags(FromHub)


def test_every_close_code_is_explained() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", DOCUMENT, re.MULTILINE)} == set(map(int, CloseCode))
