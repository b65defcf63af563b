"""The minutes around an incident as a strip: its bar, the clips' bars below it, a tick for each event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.events.lines import utc_text

WIDTH, EDGE = 800, 10
MARGIN_S = 10.0
SOFT = "#5a6472"


class Scale(NamedTuple):
    """The stretch of time that the strip shows, UTC seconds."""

    first_s: float
    last_s: float

    def x(self, utc_s: float) -> float:
        """Where a moment stands."""
        inside_s = min(max(utc_s, self.first_s), self.last_s)
        return EDGE + (WIDTH - 2 * EDGE) * (inside_s - self.first_s) / (self.last_s - self.first_s)

    def bar(self, start_s: float, end_s: float, y: int, colour: str) -> str:
        """A stretch of time."""
        left, width = self.x(start_s), max(self.x(end_s) - self.x(start_s), 3)
        return f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="14" rx="3" fill="{colour}"/>'

    def tick(self, utc_s: float, colour: str) -> str:
        """A moment."""
        x = self.x(utc_s)
        return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="60" stroke="{colour}" stroke-width="1"/>'


def strip(facts: Mapping[str, Any]) -> str:
    """The strip of a report (`agent.evidence.report.report_facts`) as SVG."""
    incident, videos = facts["incident"], [clip["video"] for clip in facts["clips"]]
    start_s, end_s = float(incident["opened"]["utc_s"]), float(incident["changed"]["utc_s"])
    clips = [(video["start_utc_s"], video["start_utc_s"] + video["duration_s"]) for video in videos]
    scale = Scale(
        min(start_s - MARGIN_S, *(clip[0] for clip in clips), start_s),
        max(end_s + MARGIN_S, *(clip[1] for clip in clips), end_s),
    )
    shown = [m for m in facts["timeline"] if scale.first_s <= m["utc_s"] <= scale.last_s]
    parts = [scale.tick(moment["utc_s"], "#1b1f24" if moment["own"] else "#c3cad3") for moment in shown]
    parts.append(scale.bar(start_s, end_s, 22, f"var(--{incident['severity']})"))
    parts += [scale.bar(*clip, 42, "#9aa5b1") for clip in clips]
    parts += [
        _label(EDGE, "start", _clock(scale.first_s)),
        _label(WIDTH / 2, "middle", "above: the incident; below: the video; ticks: events"),
        _label(WIDTH - EDGE, "end", _clock(scale.last_s)),
    ]
    return f'<svg viewBox="0 0 {WIDTH} 80" role="img" aria-label="timeline">{"".join(parts)}</svg>'


def _label(x: float, anchor: str, text: str) -> str:
    return f'<text x="{x:g}" y="74" font-size="11" fill="{SOFT}" text-anchor="{anchor}">{text}</text>'


def _clock(utc_s: float) -> str:
    return utc_text(utc_s)[11:19]
