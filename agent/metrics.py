"""Counters and gauges in Prometheus' text format (exposition formats, version 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One sample. Samples of one name need not follow each other; they share the first one's help and kind."""

    name: str
    value: float
    help: str
    kind: Literal["counter", "gauge"] = "gauge"
    labels: Mapping[str, str] = field(default_factory=dict)


def counter(name: str, value: float, text: str, **labels: str) -> Metric:
    """A number that only rises; the name should end in `_total`."""
    return Metric(name, value, text, "counter", labels)


def gauge(name: str, value: float | None, text: str, **labels: str) -> Metric:
    """A number that rises and falls; None (a source this camera lacks) is shown as NaN."""
    return Metric(name, math.nan if value is None else value, text, "gauge", labels)


def exposition(metrics: Iterable[Metric]) -> str:
    """The text that a Prometheus server scrapes."""
    families: dict[str, list[Metric]] = {}
    for metric in metrics:
        families.setdefault(metric.name, []).append(metric)
    return "".join(line for name, family in families.items() for line in _family(name, family))


def _family(name: str, family: list[Metric]) -> Iterable[str]:
    yield f"# HELP {name} {_escape(family[0].help)}\n"
    yield f"# TYPE {name} {family[0].kind}\n"
    for metric in family:
        labels = ",".join(f'{key}="{_escape(value, quote=True)}"' for key, value in metric.labels.items())
        yield f"{name}{{{labels}}} {_number(metric.value)}\n" if labels else f"{name} {_number(metric.value)}\n"


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))


def _escape(text: str, *, quote: bool = False) -> str:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    return escaped.replace('"', r"\"") if quote else escaped
