"""`aislewatch bundle`: what support needs to know of a camera in one archive, without secrets and without pictures."""

from __future__ import annotations

import asyncio
import io
import tomllib
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent.cli.asking import NoAnswer, Talk, talking
from agent.cli.files import writing
from agent.cli.looks import Waiting
from agent.cli.printing import say
from agent.cli.scrubbing import scrubbed, scrubbed_text, secrets_in
from agent.errors import OperatorError
from agent.version import VERSION

ASKED = {
    "identity": "/v1/identity",
    "status": "/v1/status",
    "health": "/v1/health",
    "inputs": "/v1/inputs",
    "outputs": "/v1/outputs",
    "service": "/v1/service",
    "aim": "/v1/aim",
    "walk-test": "/v1/walk-test",
    "logs": "/v1/logs",
}
METRICS, CONFIG, README = "metrics.txt", "camera.toml", "README.txt"
ABOUT = """What support needs to know of an Aislewatch camera, collected by `aislewatch bundle` {version}.

There is no picture in it, no clip, nothing of a person, and no track of one. Passwords, tokens, keys and claim codes
were left out of every file; where one stood it says "(left out)". What could not be had is named in missing.json.
"""


def bundle(url: str, out: Path, *, as_json: bool) -> None:
    """Write the archive."""
    files = asyncio.run(_collected(url))
    archive = archived(files)
    with writing(out):
        out.write_bytes(archive)
    told = {"type": "bundle", "file": str(out), "bytes": len(archive), "files": sorted(files)}
    say(told, f"{out}: {len(files)} files, {len(archive)} bytes, without secrets and pictures", as_json=as_json)


async def _collected(url: str) -> dict[str, str]:
    """The files by name, scrubbed. Raises OperatorError where nobody answers."""
    waiting, facts, missing = Waiting("asking the camera"), dict[str, Any](), dict[str, str]()
    async with talking(url) as talk:
        await talk.get(ASKED["identity"])  # a camera that is not there is told of
        config = await _configuration(talk, missing)
        for number, (name, path) in enumerate(ASKED.items()):
            waiting.tick(number)
            try:
                facts[name] = await talk.get(path)
            except OperatorError as error:
                missing[name] = str(error)
        with suppress(OperatorError):
            facts[METRICS] = (await talk.content("/metrics")).decode(errors="replace")
    waiting.end()
    return files_of(facts, config, missing)


async def _configuration(talk: Talk, missing: dict[str, str]) -> str:
    try:
        return str((await talk.get("/v1/config"))["text"])
    except NoAnswer:
        raise
    except OperatorError as error:
        missing["configuration"] = str(error)
        return ""


def files_of(facts: Mapping[str, Any], config: str, missing: Mapping[str, str]) -> dict[str, str]:
    """The archive's files: every secret that the configuration holds is taken out of all of them."""
    known = set(secrets_in(_parsed(config)))
    files = {README: ABOUT.format(version=VERSION), CONFIG: scrubbed_text(config, known)}
    for name, found in {**facts, "missing": dict(missing)}.items():
        if isinstance(found, str):
            files[name] = scrubbed_text(found, known)
        else:
            files[f"{name}.json"] = msgspec.json.format(msgspec.json.encode(scrubbed(found, known))).decode() + "\n"
    return files


def _parsed(config: str) -> dict[str, Any]:
    try:
        return tomllib.loads(config)
    except tomllib.TOMLDecodeError:
        return {}


def archived(files: Mapping[str, str]) -> bytes:
    """A ZIP archive with the files in one folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(f"aislewatch-support/{name}", text)
    return content.getvalue()
