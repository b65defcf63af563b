"""Thousands of requests that schemathesis makes from the API's document, to a whole camera: sound ones and unsound."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from agent.config import parse_config
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera
from tests.e2e.test_openapi import MORE

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".venv-schemathesis" / "bin" / "schemathesis"
WITHOUT = "^(get-v1-link|get-v1-live|get-live-mjpg|post-v1-(factory_reset|restart|config|zones))$"
"""What has no end, and what ends this camera or makes it another."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)
LEAST_CASES = 1000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PROGRAM.exists(), reason="make .venv-schemathesis/.installed brings schemathesis"),
]


async def test_whatever_is_asked_the_camera_answers_as_its_document_says(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path, scene="empty", tls_port=0) + MORE)
    config = replace(config, evidence=replace(config.evidence, min_free_mb=0.0))
    async with camera(config) as running, aiohttp.ClientSession() as http:
        document = tmp_path / "openapi.json"
        document.write_bytes(await asked(http, f"{running.url}/v1/openapi.json"))
        code, said = await tried(document, running.url)
        status = json.loads(await asked(http, f"{running.url}/v1/status"))
    assert code == 0, said
    cases = re.search(r"(\d+) generated, (\d+) passed", said)
    assert cases is not None, said
    assert cases[1] == cases[2], said
    assert int(cases[1]) > LEAST_CASES, said
    assert status["camera"]["open"]
    assert status["journal"]["durable"]


async def asked(http: aiohttp.ClientSession, url: str) -> bytes:
    async with http.get(url) as response:
        assert response.status == 200
        return await response.read()


async def tried(document: Path, url: str) -> tuple[int | None, str]:
    """The program's exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "run", document, "--url", url, "--exclude-operation-id-regex", WITHOUT, "--checks", CHECKS),
        *("--phases", "coverage,fuzzing", "--max-examples", "8", "--seed", "1", "--workers", "2", "--no-color"),
        cwd=document.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode(errors="replace")
