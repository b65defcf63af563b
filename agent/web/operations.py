"""What each route of the API takes and answers, for the API's document; who may use it stands in `agent.web.access`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.doctor.facts import Facts
from agent.tills import Booking
from agent.web import (
    checks,
    commission,
    doctor,
    evidence,
    fitting,
    foresight,
    health,
    insight,
    intake,
    models,
    outputs,
    pairing,
    resetting,
    review,
)
from agent.web.answers import camera, incidents, trust, upkeep

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `answers` and `takes` are types of JSON; of several, it is one of them.

    `media` is what an answer may be where that is not JSON. `refuses` are the statuses with which it says no beyond
    those that come with a body, a query, a name in the path or a role; `mistakes` is the type of a 422 that is JSON.
    """

    does: str
    answers: tuple[Any, ...] = ()
    takes: tuple[Any, ...] = ()
    query: Any = None
    media: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    mistakes: Any = None
    switches: bool = False
    """It becomes a WebSocket."""


def _asks(does: str, answers: Any, *refuses: int, query: Any = None, mistakes: Any = None) -> Operation:
    return Operation(does, (answers,), (), query, (), refuses, mistakes)


def _says(does: str, takes: Any, answers: Any, *refuses: int, mistakes: Any = None) -> Operation:
    return Operation(does, (answers,), (takes,), None, (), refuses, mistakes)


def _gives(does: str, *media: str, query: Any = None, refuses: tuple[int, ...] = ()) -> Operation:
    return Operation(does, query=query, media=media, refuses=refuses)


OPERATIONS: dict[str, Operation] = {
    "GET /v1/openapi.json": _asks("This document.", dict[str, Any]),
    "GET /v1/identity": _asks("Public facts, the same as mDNS announces.", camera.IdentityFacts),
    "GET /v1/status": _asks("Everything at a glance.", camera.Status),
    "GET /metrics": _gives("The same for Prometheus.", TEXT),
    "GET /v1/me": _asks("Who one is to this camera.", trust.Me),
    "GET /v1/qr.svg": _gives("A short text as a QR code.", "image/svg+xml", query=commission.Qr),
    # The page and what it shows
    "GET /": _gives("The camera's page.", HTML),
    "GET /static/{name}": _gives("A file of the page.", "text/css", "text/javascript", "image/svg+xml"),
    "GET /live.jpg": _gives("One picture of now.", "image/jpeg", refuses=(503,)),
    "GET /live.mjpg": _gives("Pictures without end.", "multipart/x-mixed-replace", refuses=(503,)),
    "GET /v1/live": Operation("What the page draws over the picture, as JSON messages.", switches=True),
    "GET /v1/link": Operation("The link to a hub (docs/protocol.md).", refuses=(503,), switches=True),
    # Pairing, trust and sessions
    "POST /v1/claim": _says("Let a hub come: a token for the next minutes.", pairing.Claim, trust.ClaimOpen, 409),
    "POST /v1/pair": _says(
        "Bring the token and the hub's authority, over TLS.", pairing.Pair, trust.Paired, 409, 410, 422, 429, 503
    ),
    "POST /v1/unpair": _says("Have no hub any more.", pairing.Unpair, trust.Unpaired, 409, 503),
    "POST /v1/trust/authorities": _says(
        "Pin another authority of the same hub.", pairing.Authorities, trust.AuthoritiesTaken, 409, 422, 503
    ),
    "POST /v1/trust/revoked": _says(
        "These certificates count no more.", pairing.Revoked, trust.RevokedTaken, 409, 422, 503
    ),
    "POST /v1/factory-reset": _says("Forget everything.", resetting.Reset, trust.Resetting, 409, 503),
    "GET /enter/{code}": _gives("Enter the page by a link, once; sets a cookie.", HTML),
    "POST /v1/sessions/key": _says("Give the key by which a browser signs.", commission.Key, trust.KeyTaken, 409),
    "GET /v1/sessions": _asks("The sessions of the page.", trust.SessionList),
    "POST /v1/sessions": _asks("Let a browser in.", trust.Offered, 409),
    "POST /v1/sessions/{id}/end": _asks("End a session at once.", trust.SessionEnded),
    # Fitting
    "GET /v1/aim": _asks("How sharp, exposed and level the next picture is.", upkeep.AimFacts, 503),
    "GET /v1/walk-test": _asks("How the walk test stands.", upkeep.WalkTest),
    "POST /v1/walk-test": _says("Begin a walk test.", fitting.Begin, upkeep.WalkTest, 409),
    "POST /v1/walk-test/end": _says("End it and make its record.", fitting.End, upkeep.WalkEnded, 409),
    "GET /v1/walk-test/{file}": _gives("A file of the last record.", JSON, HTML, TEXT),
    "GET /v1/zones": _asks("What is drawn into the picture.", upkeep.Drawn, 409, mistakes=upkeep.Mistakes),
    "POST /v1/zones": _says(
        "Try other zones, lines, masks or rules.", fitting.SetDrawn, upkeep.Tried, 409, mistakes=upkeep.Mistakes
    ),
    "GET /v1/mount": _asks("How the camera hangs.", upkeep.Mounted, 409, mistakes=upkeep.Mistakes),
    "POST /v1/mount": _says(
        "Try another mount, such as a walk test has measured.",
        fitting.SetMount,
        upkeep.Tried,
        409,
        mistakes=upkeep.Mistakes,
    ),
    "GET /v1/config": _asks("The configuration.", upkeep.ConfigShown, 409),
    "POST /v1/config": _says(
        "Try another configuration.", fitting.SetConfig, upkeep.Tried, 409, mistakes=upkeep.Mistakes
    ),
    "POST /v1/restart": _says("Begin anew.", fitting.Restart, upkeep.Restarts, 409),
    "GET /v1/logs": _asks("The newest lines of the program's log.", upkeep.Logs, query=fitting.Tail),
    # Health
    "GET /v1/health": _asks("What is wrong, since when, how sure, what to do.", upkeep.Health),
    "POST /v1/health/rebase": _says(
        "The scene was changed on purpose: learn it anew.", health.Rebase, upkeep.Learning, 409
    ),
    "POST /v1/health/resume": _says("Leave safe mode.", health.Resume, upkeep.Resuming, 409),
    "GET /v1/health/history": Operation(
        "One metric by days and hours; without a metric, which there are.",
        (upkeep.MetricHistory, upkeep.MetricNames),
        query=foresight.OfMetric,
        refuses=(404,),
    ),
    "GET /v1/service": _asks("The service log.", upkeep.ServiceLog),
    "POST /v1/service": _says("Note what was done to the camera.", foresight.Done, upkeep.Served),
    "GET /v1/doctor": _asks("What a doctor of cameras asks: the facts of one look.", Facts),
    "POST /v1/doctor/record": _says("Look, judge and sign.", doctor.WriteRecord, upkeep.DoctorRecord),
    "POST /v1/checks/network": _says("Check the camera's network.", checks.CheckNetwork, upkeep.Checked),
    "POST /v1/checks/disk": _says("Check the camera's disk.", checks.CheckDisk, upkeep.Checked),
    "POST /v1/checks/model": _says("Time a model.", models.Bench, upkeep.Benched, 409),
    "GET /v1/models": _asks("The models that the camera knows.", upkeep.Models, 409),
    # Outputs and inputs
    "GET /v1/outputs": _asks("How the outputs are, and what holds for them.", camera.Outputs),
    "POST /v1/outputs/{name}/test": _says("Try one output for some seconds.", outputs.Test, camera.Testing, 409),
    "POST /v1/silence": _says("End what sounds.", outputs.Silence, camera.Silenced, 404, 409),
    "POST /v1/arming": _says("Arm, disarm, or go by the schedules.", outputs.Arm, camera.Wish, 409, 503),
    "GET /v1/inputs": _asks("What other devices have told.", camera.Inputs),
    "POST /v1/inputs/{name}": _says(
        "Tell that an input has changed (docs/inputs.md).", intake.Change, camera.InputTold, 401, 409, 422, 429
    ),
    "POST /v1/till": Operation(
        "Tell bookings of a till, one or many (docs/inputs.md).",
        (camera.Booked, list[camera.Booked]),
        (Booking, list[Booking]),
        refuses=(401, 404, 422, 429, 503),
    ),
    # Incidents, evidence and insight
    "GET /v1/incidents": _asks("Incidents, newest first.", incidents.Incidents, query=review.Page),
    "GET /v1/incidents/{id}": _asks("One incident.", incidents.Incident),
    "GET /v1/incidents/{id}/explanation": _asks("Why it is what it is.", incidents.Explanation),
    "POST /v1/incidents/{id}/decision": _says("Confirm or dismiss it.", review.Decide, incidents.Incident, 409, 503),
    "POST /v1/incidents/{id}/notes": _says("Write a note on it.", review.Annotate, incidents.Incident, 409, 503),
    "GET /v1/incidents/{id}/report.zip": _gives(
        "Its signed report with its clips.", "application/zip", query=evidence.Covered, refuses=(409, 503)
    ),
    "GET /v1/budget": _asks("How the alert budget stands.", camera.Budget),
    "GET /v1/insight": _asks("Customers as a crowd (docs/insight.md).", incidents.Insight, query=insight.Between),
    "GET /v1/insight/heatmap.png": _gives("Where people stand.", "image/png"),
    "GET /v1/key": _gives("The key that verifies this camera's evidence.", "application/x-pem-file"),
    "GET /v1/clips": _asks("Stored clips, newest first.", incidents.Clips, 503, query=evidence.Showing),
    "POST /v1/clips": _says("Bring a stretch of time.", evidence.Ask, incidents.Brought, 503),
    "GET /v1/clips/{id}": _asks("One clip.", incidents.ClipFacts, 503),
    "GET /v1/clips/{id}/{file}": _gives(
        "A file of a clip; each look is audited.", "video/mp4", "image/jpeg", JSON, TEXT, refuses=(503,)
    ),
    "POST /v1/clips/{id}/hold": _says(
        "Keep a clip whatever its age, or not.", evidence.Hold, incidents.ClipFacts, 409, 503
    ),
    "POST /v1/erase": _says("Erase recordings for good.", evidence.Erase, incidents.Erased, 409, 503),
}
