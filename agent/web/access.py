"""The one table of who may do what: every route of the API with the least role it needs.

What stands not here is closed to everybody but those who work on the camera itself.
"""

from __future__ import annotations

from aiohttp import hdrs, web

from agent.hub.callers import Caller, Role

ACCESS: dict[str, Role] = {
    "GET /v1/identity": Role.STRANGER,
    # These two ask for the token of their input or till, or for somebody on the camera.
    "POST /v1/inputs/{name}": Role.STRANGER,
    "POST /v1/till": Role.STRANGER,
    # Over TLS only, while a claim is open and with its token.
    "POST /v1/pair": Role.STRANGER,
    # A link to the page counts once, and what follows is by its cookie.
    "GET /enter/{code}": Role.STRANGER,
    "POST /v1/sessions/key": Role.STRANGER,
    "GET /v1/sessions": Role.TECHNICIAN,
    "POST /v1/sessions": Role.TECHNICIAN,
    "POST /v1/sessions/{id}/end": Role.TECHNICIAN,
    "GET /v1/me": Role.TECHNICIAN,
    "GET /v1/qr.svg": Role.TECHNICIAN,
    "GET /": Role.TECHNICIAN,
    "GET /static/{name}": Role.TECHNICIAN,
    "GET /live.jpg": Role.TECHNICIAN,
    "GET /live.mjpg": Role.TECHNICIAN,
    "GET /v1/live": Role.TECHNICIAN,
    "GET /v1/openapi.json": Role.TECHNICIAN,
    "GET /metrics": Role.TECHNICIAN,
    "GET /v1/status": Role.TECHNICIAN,
    "GET /v1/inputs": Role.TECHNICIAN,
    "GET /v1/health": Role.TECHNICIAN,
    "POST /v1/health/rebase": Role.TECHNICIAN,
    "POST /v1/health/resume": Role.TECHNICIAN,
    "GET /v1/health/history": Role.TECHNICIAN,
    "GET /v1/service": Role.TECHNICIAN,
    "POST /v1/service": Role.TECHNICIAN,
    "GET /v1/doctor": Role.TECHNICIAN,
    "POST /v1/doctor/record": Role.TECHNICIAN,
    "POST /v1/checks/network": Role.TECHNICIAN,
    "POST /v1/checks/disk": Role.TECHNICIAN,
    "POST /v1/checks/model": Role.TECHNICIAN,
    "GET /v1/models": Role.TECHNICIAN,
    "GET /v1/aim": Role.TECHNICIAN,
    "GET /v1/walk-test": Role.TECHNICIAN,
    "POST /v1/walk-test": Role.TECHNICIAN,
    "POST /v1/walk-test/end": Role.TECHNICIAN,
    "GET /v1/walk-test/{file}": Role.TECHNICIAN,
    "GET /v1/mount": Role.TECHNICIAN,
    "POST /v1/mount": Role.TECHNICIAN,
    "GET /v1/zones": Role.TECHNICIAN,
    "POST /v1/zones": Role.TECHNICIAN,
    "GET /v1/config": Role.TECHNICIAN,
    "POST /v1/config": Role.TECHNICIAN,
    "POST /v1/restart": Role.TECHNICIAN,
    "GET /v1/logs": Role.TECHNICIAN,
    "GET /v1/outputs": Role.TECHNICIAN,
    "POST /v1/outputs/{name}/test": Role.TECHNICIAN,
    "POST /v1/silence": Role.TECHNICIAN,
    "POST /v1/arming": Role.HUB,
    "GET /v1/key": Role.TECHNICIAN,
    "GET /v1/link": Role.HUB,
    "GET /v1/incidents": Role.HUB,
    "GET /v1/incidents/{id}": Role.HUB,
    "GET /v1/incidents/{id}/explanation": Role.HUB,
    "POST /v1/incidents/{id}/decision": Role.HUB,
    "POST /v1/incidents/{id}/notes": Role.HUB,
    "GET /v1/incidents/{id}/report.zip": Role.HUB,
    "GET /v1/budget": Role.HUB,
    "GET /v1/insight": Role.HUB,
    "GET /v1/insight/heatmap.png": Role.HUB,
    "GET /v1/clips": Role.HUB,
    "POST /v1/clips": Role.HUB,
    "GET /v1/clips/{id}": Role.HUB,
    "GET /v1/clips/{id}/{file}": Role.HUB,
    "POST /v1/clips/{id}/hold": Role.HUB,
    "POST /v1/erase": Role.HUB,
    "POST /v1/trust/authorities": Role.HUB,
    "POST /v1/trust/revoked": Role.HUB,
    "POST /v1/unpair": Role.HUB,
    "POST /v1/factory-reset": Role.HUB,
    "POST /v1/claim": Role.LOCAL,
}

NOT_BY_SESSION = frozenset(
    (
        *("POST /v1/sessions", "GET /v1/link", "POST /v1/pair", "POST /v1/unpair", "POST /v1/factory-reset"),
        *("POST /v1/trust/authorities", "POST /v1/trust/revoked", "POST /v1/erase"),
    )
)
"""What a browser's session may not do, whoever let it in: hand itself on, change the trust, erase."""
CLOSED = "closed to strangers: pair this camera with a hub, and use a certificate that the hub gave out\n"


def route_of(request: web.Request) -> str:
    """The request's route as it stands in the table, such as `GET /v1/clips/{id}`; what is asked for where none is."""
    resource = request.match_info.route.resource
    method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
    return f"{method} {resource.canonical if resource else request.path}"


def least_role(route: str) -> Role:
    """The least role that may use a route."""
    return ACCESS.get(route, Role.LOCAL)


def check_access(request: web.Request, caller: Caller) -> None:
    """Raises HTTPForbidden where this caller may not use this route, or strangers any that is not theirs."""
    least = least_role(route_of(request))
    if request.match_info.http_exception is not None and caller.role > Role.STRANGER:
        return  # nothing is there, and whom we know may hear so
    if caller.role < least:
        raise web.HTTPForbidden(text=_WHY[least])


_WHY = {
    Role.TECHNICIAN: CLOSED,
    Role.HUB: "this takes the hub's own certificate: incidents, recordings and trust are for those who answer for the "
    "shop, a pass is for aiming and repair; ask at the hub, or use `sudo aislewatch` on the camera itself\n",
    Role.LOCAL: "this can be done on the camera itself only: `sudo aislewatch` there\n",
}
