"""`aislewatch insight`: what a camera has counted about customers as a crowd."""

from __future__ import annotations

from pathlib import Path

from agent.cli.asking import ask, fetch
from agent.cli.files import writing
from agent.cli.printing import say
from agent.insight.summary import summary_lines


def show(url: str, start: str | None, end: str | None, *, as_json: bool) -> None:
    """Print the aggregates summed up, or each as JSON."""
    asked = {"from": start, "to": end}
    found = ask(url, "/v1/insight", {key: value for key, value in asked.items() if value is not None})
    if as_json:
        for row in found["rows"]:
            say({"type": "insight", **row}, (), as_json=True)
        return
    for line in summary_lines(found["rows"]):
        print(line)
    if not found["rows"]:
        print("nothing was told yet: that takes a period and enough people" if found["enabled"] else "insight is off")


def heat_map(url: str, out: Path, *, as_json: bool) -> None:
    """Write the heat map as a PNG file."""
    picture = fetch(url, "/v1/insight/heatmap.png")
    with writing(out):
        out.write_bytes(picture)
    facts = {"type": "heatmap", "file": str(out), "bytes": len(picture)}
    say(facts, f"{out}: {len(picture)} bytes", as_json=as_json)
