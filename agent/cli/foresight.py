"""`aislewatch health forecast` and `plot`, and the service log: what is coming, what was, what was done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.cli.asking import ask, tell, who
from agent.cli.files import writing
from agent.cli.printing import say
from agent.errors import OperatorError

MARKS = {"due": "DUE     ", "foreseen": "foreseen"}


def forecast(url: str, *, as_json: bool) -> None:
    """Print what is foretold; exit code 1 while something has to be done."""
    found = ask(url, "/v1/health")["forecasts"]
    for one in found if as_json else ():
        say({"type": "forecast", **one}, (), as_json=True)
    for line in () if as_json else lines(found):
        print(line)
    if any(one["state"] == "due" for one in found):
        raise SystemExit(1)


def lines(forecasts: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The forecasts as a person reads them."""
    if not forecasts:
        yield "nothing is foretold: no trend that leads to a threshold within half a year"
    for one in forecasts:
        unit = f" {one['unit']}" if one["unit"] else ""
        yield f"{MARKS[one['state']]} {one['what']}: {one['text']}"
        yield (
            f"         {one['metric']} {one['level']:g}{unit} goes to {one['threshold']:g}{unit} "
            f"by {one['slope_per_day']:+g} a day; likeliest in {one['lead_days']:.0f} days, "
            f"4 of 5 within {one['low_days']:.0f}-{one['high_days']:.0f}"
        )
        again = f"look again in {one['check_again_days']} days"
        yield f"         seen in {one['evidence_days']} days (p {one['p']:g}); {again}"
        if "guess" in one:
            yield f"         {one['guess']}"


def brief(one: dict[str, Any]) -> str:
    """A forecast in one line, for those who ask how the camera is."""
    return f"{MARKS[one['state']]} {one['what']}: {one['text']} (aislewatch health forecast says why)"


def plot(url: str, metric: str, out: Path, *, as_json: bool) -> None:
    """Write the history of a metric as an SVG or PNG file."""
    from agent.health.plot import png, svg

    draw = {".svg": svg, ".png": png}.get(out.suffix.lower())
    if draw is None:
        raise OperatorError(f"cannot draw {out.name}", hint="give a file name that ends in .svg or .png")
    picture = draw(ask(url, "/v1/health/history", {"metric": metric}))
    with writing(out):
        out.write_bytes(picture)
    say({"type": "plot", "file": str(out), "bytes": len(picture)}, f"{out}: {len(picture)} bytes", as_json=as_json)


def log(url: str, words: str, parts: Sequence[str], by: str | None, *, as_json: bool) -> None:
    """Note in the service log what somebody did."""
    done = tell(url, "/v1/service", {"words": words, "parts": [*parts], "by": who(by)})
    anew = ", ".join(done["begins_anew"])
    told = f"noted; the course of {anew} begins anew" if anew else "noted; no trend begins anew by it: name a --part?"
    say({"type": "service", **done}, told, as_json=as_json)


def show_log(url: str, *, as_json: bool) -> None:
    """Print the service log."""
    services = ask(url, "/v1/service")["services"]
    for one in services:
        when = datetime.fromtimestamp(one["utc_s"], UTC).strftime("%Y-%m-%d %H:%MZ")
        text = f"{when}  {one['words']}" + (f"  ({one['by']})" if one["by"] else "")
        say({"type": "service", **one}, text, as_json=as_json)
    if not services and not as_json:
        print("nobody has noted a service")
