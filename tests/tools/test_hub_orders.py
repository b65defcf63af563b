"""`tools/hub.py send` and `fetch` against a real link, as processes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.errors import OperatorError
from agent.events.orders import Silence, Snapshot
from agent.hub.attachments import Attachments
from agent.hub.commands import Asker
from tests.hub.linking import camera_with
from tools.hub import order_of

ROOT = Path(__file__).parents[2]


async def hub(folder: Path, *words: str) -> tuple[int | None, str, str]:
    """What the hub's program answers: exit code, output, complaints."""
    options = ("--database", str(folder / "hub.db"), "--no-browse")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "tools" / "hub.py"), *words, *options),
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await program.communicate()
    return program.returncode, out.decode(), complaints.decode()


async def test_orders_and_attachments_from_the_command_line(tmp_path: Path) -> None:
    attachments = Attachments()

    async def snapshot(order: Snapshot, asker: Asker) -> Mapping[str, Any]:
        return {"what": attachments.keep(b"picture"), "who": asker.who}

    async with camera_with(tmp_path / "cam.db", {Snapshot: snapshot}, attachments=attachments) as camera:
        link = ("--url", camera.url)
        code, out, _ = await hub(tmp_path, "send", "cam0001", '{"do": "snapshot", "reason": "x"}', "--by", "kim", *link)
        result = json.loads(out)
        assert (code, result["outcome"]) == (0, "ok")
        assert result["data"]["who"].startswith("kim, hub-")
        code, out, _ = await hub(tmp_path, "fetch", "cam0001", result["data"]["what"], *link)
        assert (code, await asyncio.to_thread(Path(out.strip()).read_bytes)) == (0, b"picture")
        code, out, _ = await hub(tmp_path, "send", "cam0001", '{"do": "silence", "reason": "x"}', *link)
        assert (code, json.loads(out)["outcome"]) == (1, "refused")
        code, _, complaint = await hub(tmp_path, "send", "cam0001", '{"do": "dance"}', *link)
        assert code == 3
        assert "this is no order" in complaint


@pytest.mark.parametrize("text", ["", "{", "[]", '{"do": 3}', '{"do": "silence"}', '{"do": "silence", "reason": ""}'])
def test_what_is_no_order_is_told(text: str) -> None:
    with pytest.raises(OperatorError, match="no order"):
        order_of(text)


def test_an_order_from_json() -> None:
    assert order_of('{"do": "silence", "reason": "drill"}') == Silence("drill")
