"""Follows simulated units day by day as the camera itself would, and notes what was foretold beside what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from agent.health.forecast import Forecast, Outlook, Series, Served, foretell
from agent.health.history import DAY_S
from agent.health.service import Service, last_served
from agent.health.tickets import Tickets
from agent.health.watched import WATCHED, Watched, parts_named
from hal.simulated.board_traces import DAYS, Episode, Unit, unit

FIRST_DAY = 10
TRUE_WITHIN_DAYS = 45.0
"""A ticket is true when the threshold is really reached within so many days (unless somebody prevents it)."""
EARLY_DAYS = 7.0
Method = Callable[[Watched, Series, int, Served], Outlook]


class Ticket(NamedTuple):
    """Somebody was asked to act on a metric, from a day until another."""

    metric: str
    opened: int
    closed: int


class Point(NamedTuple):
    """One day's forecast within a gradual episode (its index in the unit's list)."""

    episode: int
    day: int
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Story:
    """What was foretold about one unit. `stray` counts forecasts of nothing that was on its way."""

    seed: int
    days: int
    episodes: list[Episode]
    tickets: list[Ticket] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    stray: list[int] = field(default_factory=lambda: [0])

    def gradual(self) -> list[int]:
        """The episodes that were no sudden ones."""
        return [index for index, one in enumerate(self.episodes) if not one.sudden]

    def failed(self) -> list[int]:
        """Gradual episodes that reached their threshold while they were watched."""
        return [index for index in self.gradual() if self.episodes[index].failed and self.episodes[index].fails < DAYS]

    def warned(self, index: int) -> bool:
        """Whether a ticket was open EARLY_DAYS before the episode failed."""
        one = self.episodes[index]
        at = one.fails - EARLY_DAYS
        return any(ticket.metric == one.metric and ticket.opened <= at <= ticket.closed for ticket in self.tickets)

    def is_true(self, ticket: Ticket) -> bool:
        """Whether what a ticket warned of was really on its way and near."""
        return any(
            one.metric == ticket.metric
            and one.begins <= ticket.opened < one.ends
            and one.fails - ticket.opened <= TRUE_WITHIN_DAYS
            for one in map(self.episodes.__getitem__, self.gradual())
        )


def follow(seed: int) -> Story:
    """A unit's story as the product's own method tells it."""
    return told_by(foretell, seed)


def told_by(method: Method, seed: int) -> Story:
    """A unit's story by any method."""
    made = unit(seed)
    story = Story(seed, made.days, made.episodes)
    for metric in made.values:
        _metric(method, made, metric, story)
    return story


def _metric(method: Method, made: Unit, metric: str, story: Story) -> None:
    watched, full = WATCHED[metric], series_of(made, metric)
    tickets, opened = Tickets(), -1
    for day in range(FIRST_DAY, made.days):
        served = served_by(made, metric, day)
        if day in served:
            tickets.forget(metric)
        forecast = method(watched, full.between(0, day), day, served).forecast
        tickets.update(day, {metric: forecast})
        due = metric in tickets.told and tickets.told[metric].due
        if due and opened < 0:
            opened = day
        elif not due and opened >= 0:
            story.tickets.append(Ticket(metric, opened, day))
            opened = -1
        if forecast is not None:
            _note(story, forecast, metric, day)
    if opened >= 0:
        story.tickets.append(Ticket(metric, opened, made.days))


def _note(story: Story, forecast: Forecast, metric: str, day: int) -> None:
    for index in story.gradual():
        one = story.episodes[index]
        if one.metric == metric and one.begins <= day < min(one.ends, one.fails):
            story.points.append(Point(index, day, forecast))
            return
    story.stray[0] += 1


def series_of(made: Unit, metric: str) -> Series:
    """The days on which the metric was told, as the camera's own history keeps them."""
    values = made.values[metric]
    here = np.isfinite(values)
    days = np.flatnonzero(here).astype(np.int64)
    nothing = np.full(len(days), np.nan)
    if made.senses_ambient:
        warmth = made.ambient[here]
    else:
        warmth = nothing if metric == "soc_temp_c" else made.values["soc_temp_c"][here]
    return Series(days, values[here], made.load[here], warmth)


def served_by(made: Unit, metric: str, day: int) -> Served:
    """What the service log knows on a day about a metric's service."""
    noted = [one for one in made.services if one.noted and one.day <= day]
    return last_served([Service(one.day * DAY_S, one.words, parts_named(one.words)) for one in noted], WATCHED[metric])
