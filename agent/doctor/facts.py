"""What a doctor of cameras has to know, from sensor to siren to hub: values that travel as JSON; pure."""

from __future__ import annotations

import msgspec


class Picture(msgspec.Struct, frozen=True):
    """The newest picture, as `agent.fitting.aim` measures it; `sharpness` is None where nothing is to focus on."""

    sharpness: float | None
    exposure: str
    mean: float
    spread: float


class Line(msgspec.Struct, frozen=True):
    """An output, and what is wrong with it; "" where nothing is."""

    name: str
    fault: str = ""


class Told(msgspec.Struct, frozen=True):
    """What the camera itself says is wrong (`agent.health`): `warning` or `fault`, and the words."""

    state: str
    detail: str = ""


class Ending(msgspec.Struct, frozen=True):
    """A certificate and when it ends. `locks_out` where it then opens no door any more."""

    what: str
    end_utc_s: float
    locks_out: bool


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One look. None: nobody has looked, or there is no source for it; "" or empty: looked, and nothing is wrong.

    `readings` are by the names of `agent.health.readings`, `told` by what is wrong. `model_blind` is what the model
    gets wrong on its reference picture. `newest` is the program's version that is installed or that asks;
    `earliest_utc_s` a time that has certainly passed. `foreign` counts who came with a certificate of another authority
    since the start; `heard` is whether the camera's own announcement was; `starved_pct` what other programs took of the
    processors while nothing of them was left (`agent.doctor.processor`).
    """

    camera: str = ""
    serial: str = ""
    board: str = ""
    answers: bool = True
    service: str | None = None
    safe: bool = False
    uptime_s: float | None = None
    version: str = ""
    newest: str | None = None
    update_left: str | None = None
    config: tuple[str, ...] | None = None
    source: str = ""
    camera_missing: str | None = None
    receiving: bool | None = None
    picture: Picture | None = None
    model: str = ""
    model_wrong: str | None = None
    model_blind: str | None = None
    fallback: str | None = None
    outputs: tuple[Line, ...] | None = None
    lines_wrong: str | None = None
    unwritable: str | None = None
    journal_wrong: str | None = None
    salvaged: str | None = None
    readings: dict[str, float] = {}
    told: dict[str, Told] = {}
    utc_s: float | None = None
    synchronised: bool | None = None
    earliest_utc_s: float | None = None
    starved_pct: float | None = None
    loss_pct: float | None = None
    heard: bool | None = None
    claimed: bool | None = None
    hubs: int | None = None
    call_trouble: str = ""
    foreign: int | None = None
    identity_wrong: str | None = None
    ends: tuple[Ending, ...] | None = None
