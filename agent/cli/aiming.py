"""`aislewatch aim` and `aislewatch snapshot`: the picture and its figures, while somebody turns the lens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.cli.asking import NoAnswer, Talk, ask, fetch, talking
from agent.cli.files import writing
from agent.cli.looks import Board, bar, colourful, columns, mark
from agent.cli.printing import say
from agent.cli.terminal_picture import decoded, picture_lines, with_places, write_picture

EVERY_S = 0.25
PATIENCE_S = 60.0
"""For so long a camera that gave pictures may give none, as it does while it starts anew."""
PICTURE_COLUMNS = 64
SHARP_ENOUGH = 0.93
"""Of the best that was seen since the aiming began."""
LEVEL_DEG = 2.0


class Best:
    """The sharpest that was seen: only beside it does a number say whether the lens has been turned too far."""

    def __init__(self) -> None:
        self.sharpness = 0.0

    def take(self, aim: Mapping[str, Any]) -> dict[str, Any]:
        """The figures with the best so far, and the share of it that is reached (None where nothing can be seen)."""
        now = aim["sharpness"]
        self.sharpness = max(self.sharpness, now or 0.0)
        share = None if now is None or not self.sharpness else round(now / self.sharpness, 3)
        return {**aim, "best": self.sharpness, "of_best": share}


def aim(url: str, seconds: float | None, *, picture: bool, as_json: bool) -> None:
    """Show how the camera is aimed until Ctrl-C, or for so many seconds; 0 is once."""
    with suppress(KeyboardInterrupt):  # the usual way to end it
        asyncio.run(_follow(url, seconds, picture=picture and not as_json and colourful(), as_json=as_json))


async def _follow(url: str, seconds: float | None, *, picture: bool, as_json: bool) -> None:
    best, board, begun_s = Best(), Board(), time.monotonic()
    async with talking(url) as talk:
        while True:
            facts = best.take(await _figures(talk, board, patient=best.sharpness > 0))
            shown = await _picture(talk) if picture else []
            if as_json:
                say({"type": "aim", **facts}, (), as_json=True)
            else:
                board.show([*shown, *lines(facts)], brief(facts))
            if seconds is not None and time.monotonic() - begun_s >= seconds:
                return
            await asyncio.sleep(EVERY_S)


async def _figures(talk: Talk, board: Board, *, patient: bool) -> dict[str, Any]:
    """Of the next picture; who has seen one waits for a camera that starts anew. Raises OperatorError."""
    waited_s = 0.0
    while True:
        try:
            return await talk.get("/v1/aim")
        except NoAnswer as error:
            if not patient or waited_s >= PATIENCE_S:
                raise
            board.show([f"waiting: {error}"], f"waiting: {error}")
        await asyncio.sleep(1.0)
        waited_s += 1.0


async def _picture(talk: Talk) -> list[str]:
    try:
        jpeg = await talk.content("/live.jpg")
    except NoAnswer:
        return []
    return picture_lines(decoded(jpeg), min(PICTURE_COLUMNS, columns()))


def lines(aim: Mapping[str, Any]) -> Iterator[str]:
    """The figures as a person on a ladder reads them."""
    if aim["sharpness"] is None:
        yield f"focus     {mark('unknown', 'nothing to focus on: aim at something with edges')}"
    else:
        yield f"focus     {bar(aim['sharpness'] / 100)} {aim['sharpness']:5.1f}  {_focus(aim)}"
        yield f"          {'by thirds of the picture:':26} {_thirds(aim['tiles'])}"
    yield f"exposure  {bar(aim['mean'] / 255)} {aim['mean']:5.0f}  {_exposure(aim)}"
    yield f"          {aim['dark']:.0%} too dark, {aim['bright']:.0%} too bright, contrast {aim['spread']:.0f}"
    yield f"level     {_level(aim['tilt_deg'])}"


def brief(aim: Mapping[str, Any]) -> str:
    """The same in two lines, for terminals without a cursor."""
    sharp = "focus -" if aim["sharpness"] is None else f"focus {aim['sharpness']:.1f} {_focus(aim)}"
    return f"{sharp}\n  exposure {aim['mean']:.0f} {_exposure(aim)}; level {_level(aim['tilt_deg'])}"


def _focus(aim: Mapping[str, Any]) -> str:
    if aim["of_best"] >= SHARP_ENOUGH:
        return mark("ok", "as sharp as it was at best")
    return mark("warning", f"{aim['of_best']:.0%} of the best, {aim['best']:.1f}: turn back")


def _exposure(aim: Mapping[str, Any]) -> str:
    return mark("ok") if aim["exposure"] == "ok" else mark("warning", aim["advice"])


def _thirds(tiles: list[float | None]) -> str:
    cells = ["-" if tile is None else f"{tile:.0f}" for tile in tiles]
    return " / ".join(" ".join(cells[row : row + 3]) for row in (0, 3, 6))


def _level(tilt_deg: float | None) -> str:
    if tilt_deg is None:
        return mark("unknown", "no uprights to measure it by")
    if abs(tilt_deg) <= LEVEL_DEG:
        return mark("ok", f"level within {LEVEL_DEG:g}°" if tilt_deg == 0 else f"leans by {tilt_deg:+.1f}°")
    way = "clockwise" if tilt_deg > 0 else "anticlockwise"
    return mark("warning", f"the picture leans by {tilt_deg:+.1f}°: turn the camera, seen from behind, {way}")


def snapshot(url: str, out: Path | None, *, zones: bool, as_json: bool) -> None:
    """Bring one picture, as a file or into the terminal, with what is drawn into it where that is wanted."""
    jpeg = fetch(url, "/live.jpg")
    if out is not None and not zones and out.suffix.lower() in (".jpg", ".jpeg"):
        with writing(out):
            out.write_bytes(jpeg)
        size = len(jpeg)
    else:
        picture = decoded(jpeg)
        picture = with_places(picture, ask(url, "/v1/zones")) if zones else picture
        if out is None:
            say({"type": "snapshot", "bytes": len(jpeg)}, picture_lines(picture, columns()), as_json=as_json)
            return
        size = write_picture(picture, out)
    say({"type": "snapshot", "file": str(out), "bytes": size}, f"{out}: {size} bytes", as_json=as_json)
