"""What is recorded, how much of it, and for how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.domain import Severity
from agent.schema import setting

_HOURS = schema.number(0, 24 * 366, above=True)


@dataclass(frozen=True, slots=True)
class EvidenceConfig:
    """Clips and stills of incidents. What came before an incident is held in memory only, until there is one."""

    record: bool = setting(schema.flag, True, help="whether clips are made at all")
    severity: Severity = setting(schema.severity, Severity.INFO, help="the least severity of an incident with a clip")
    pre_s: float = setting(schema.number(0, 60), 5.0, help="seconds before an incident")
    post_s: float = setting(schema.number(0, 60), 5.0, help="seconds after it")
    max_clip_s: float = setting(schema.number(10, 3600), 300.0, help="longest clip, seconds")
    ring_s: float = setting(
        schema.number(5, 300),
        40.0,
        help="seconds of video held in memory: also what came before a fault of the picture was sure",
    )
    ring_mb: float = setting(schema.number(1, 512), 16.0, help="most memory for them")
    stream: str = setting(
        schema.choice("main", "lores"), "main", help="which picture is encoded where the source brings no H.264"
    )
    bitrate_kbps: int = setting(schema.integer(100, 50_000), 2000, help="most kilobits a second then")
    quota_mb: float = setting(schema.number(10, 10_000_000), 4096.0, help="most disk space for clips")
    min_free_mb: float = setting(schema.number(0, 1_000_000), 100.0, help="space that clips leave to everything else")
    keep_info_h: float = setting(_HOURS, 72.0, help="hours for which clips of severity info are kept")
    keep_warning_h: float = setting(_HOURS, 72.0, help="hours for warning")
    keep_critical_h: float = setting(_HOURS, 72.0, help="hours for critical")

    def keep_s(self, severity: Severity) -> float:
        """For how long a clip of this severity is kept, seconds."""
        hours = {Severity.INFO: self.keep_info_h, Severity.WARNING: self.keep_warning_h}
        return hours.get(severity, self.keep_critical_h) * 3600
