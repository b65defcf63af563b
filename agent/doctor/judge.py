"""Names what is wrong with a camera, the cause before what comes of it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.doctor.facts import Facts
from agent.doctor.finding import Colour, Finding, Seen
from agent.doctor.order import CHECKS, EXPLAINS

PARTS = tuple(dict.fromkeys(check.part for check in CHECKS))


def looked(facts: Facts) -> dict[str, Seen]:
    """What every check saw that could tell, by its id."""
    seen = {check.id: check.look(facts) for check in CHECKS}
    return {name: one for name, one in seen.items() if one is not None}


def judge(facts: Facts) -> list[Finding]:
    """What is wrong: causes of their own first, red before amber, then what they explain."""
    seen = {name: one for name, one in looked(facts).items() if one.colour}
    causes = {name: cause_of(name, seen) for name in seen}
    parts = {check.id: check.part for check in CHECKS}
    order = [check.id for check in CHECKS]
    found = [Finding(name, parts[name], one.colour, one.words, one.todo, causes[name]) for name, one in seen.items()]
    return sorted(found, key=lambda one: (bool(one.because), -one.colour, order.index(one.check)))


def cause_of(name: str, wrong: Mapping[str, Seen]) -> str:
    """The first cause of a finding among all: that which nothing else explains; "" where it is one itself."""
    reached = [name]
    for effect in reached:
        reached += [cause for cause in _causes(effect, wrong) if cause not in reached]
    roots = [one for one in reached[1:] if not _causes(one, wrong)]
    return max(roots, key=lambda one: wrong[one].colour, default="")


def _causes(name: str, wrong: Mapping[str, Seen]) -> Sequence[str]:
    return [cause for cause, effects in EXPLAINS.items() if cause in wrong and name in effects]


def colour_of(findings: Sequence[Finding]) -> Colour:
    """The camera as a whole."""
    return max((finding.colour for finding in findings), default=Colour.GREEN)


def parts_of(facts: Facts) -> dict[str, Colour | None]:
    """Every part of the camera with its worst colour; None where nothing of it could be looked at."""
    seen, by_part = looked(facts), {check.id: check.part for check in CHECKS}
    return {
        part: max((one.colour for name, one in seen.items() if by_part[name] == part), default=None) for part in PARTS
    }
