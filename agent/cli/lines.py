"""Facts as lines a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.domain import Event, HealthSample, Incident, Json
from agent.events.lines import sentence
from agent.events.wire import body_of


def event_line(item: Event | Incident | HealthSample, when: str = "") -> str:
    """One event, incident or finding: when (by default its time in the video) and what."""
    return f"{when or _clock(item.t_s)}  {sentence(body_of(item))}"


def _clock(t_s: float) -> str:
    minutes, seconds = divmod(t_s, 60)
    return f"{int(minutes):3d}:{seconds:04.1f}"


def summary_lines(summary: Mapping[str, Json]) -> Iterator[str]:
    """The summary of a replay."""
    facts: Mapping[str, Any] = summary
    yield f"model {facts['model']}"
    yield f"{facts['frames']} frames, {facts['inferred']} looked at, {facts['detections']} detections"
    people = ", ".join(f"{t['track']} ({t['to_s'] - t['from_s']:.1f} s)" for t in facts["views"])
    yield f"people: {people or 'none'}; {facts['events']} events, {facts['incidents']} incidents"
    stages = ", ".join(f"{name} {times['p50']:.2f}" for name, times in facts["stages_ms"].items() if times)
    yield f"median ms a stage: {stages}"
    bare = facts["invoke_ms"].get("p50", 0.0)
    frame = facts["frame_ms"]["p50"]
    yield f"whole frame {frame:.2f} ms, bare invoke {bare:.2f} ms, peak memory {facts['peak_rss_mb']} MB"
