"""Facts as lines a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.domain import Event, HealthSample, HealthState, Incident, Json, Severity

MARKS = {Severity.INFO: "·", Severity.WARNING: "!", Severity.CRITICAL: "‼"}


def event_line(finding: Event | Incident, when: str = "") -> str:
    """One event or incident: when (by default its time in the video), a mark for its severity, what it is about."""
    head = f"{when or _clock(finding.t_s)} {MARKS[finding.severity]} "
    if isinstance(finding, Incident):
        people = ", ".join(f"person {track}" for track in finding.tracks)
        place = finding.zone or finding.line or ""
        what = f"{_words(finding.kind)} at {place} ({people}), {finding.severity}"
        return f"{head}incident {finding.id} {finding.state}: {what}"
    facts = ", ".join(f"{_words(key)} {value}" for key, value in finding.data.items())
    return f"{head}{_words(finding.kind)}: {facts}"


def _clock(t_s: float) -> str:
    minutes, seconds = divmod(t_s, 60)
    return f"{int(minutes):3d}:{seconds:04.1f}"


def health_line(sample: HealthSample, when: str) -> str:
    """One finding about the camera itself."""
    mark = MARKS[Severity.INFO if sample.state == HealthState.OK else Severity.WARNING]
    return f"{when} {mark} {_words(sample.what)} {sample.state}: {sample.detail}".removesuffix(": ")


def _words(name: str) -> str:
    return name.replace("_", " ")


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
