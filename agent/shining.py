"""What the status light is to tell of a station, and its task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.beside import beside
from agent.domain import HealthState
from agent.respond.alarm import AlarmState
from agent.respond.status_light import STARTING_S, STATUS, Light, StatusLights
from agent.standing import Standing
from agent.station import Station


def light_of(station: Station, standing: Standing, begun_s: float) -> Light:
    """What holds now; a camera that never has a hub, for it has no TLS door, is not unclaimed."""
    if station.safe:
        return Light.SAFE_MODE
    if any(output.state == AlarmState.ACTIVE for output in station.alarms.status()):
        return Light.ALARM
    if station.trouble():
        starting = station.clock.monotonic() - begun_s < STARTING_S
        return Light.STARTING if starting else Light.FAULT
    if station.health.state() == HealthState.FAULT:
        return Light.FAULT
    return Light.UNCLAIMED if standing.keyed and not standing.keyed.trust.claimed else Light.WATCHING


@asynccontextmanager
async def shining(station: Station, standing: Standing) -> AsyncIterator[None]:
    """The status light shines while this lasts, where there is one."""
    clock, begun_s = station.clock, station.clock.monotonic()
    names = [output.name for output in station.config.outputs if output.role == STATUS]
    lights = StatusLights(names, station.hal.outputs, clock, lambda: light_of(station, standing, begun_s))
    async with beside(lights.run(), "status light"):
        yield
