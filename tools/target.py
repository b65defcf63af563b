"""A figure against its target, in the words of every table: met, missed, not measured."""

from __future__ import annotations


def verdict(value: float | None, target: float | None, *, at_least: bool) -> str:
    """Whether a figure reaches its target; "" for one that is only told."""
    if value is None:
        return "not measured"
    if target is None:
        return ""
    return "met" if (value >= target if at_least else value <= target) else "missed"


def wanted(target: float | None, *, at_least: bool) -> str:
    """The target in words; "" where there is none."""
    return "" if target is None else f"{'>=' if at_least else '<='} {target:g}"
