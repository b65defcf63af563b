"""`aislewatch update` with a model: verified, judged on this camera, laid beside the others, tried, kept or taken back.

    verify ──> judge ──> lay on the shelf ──> the camera tries it (agent.trial) ──┬─> kept
       └── refused, and nothing has changed ──┘                                   └─> taken back, and off the shelf

The trial is that of a configuration that names the new version, so that a power cut or a camera that is not well under
it brings back the configuration before, and with it the model before; journal and hub hear how it ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from agent.cli.asking import ask
from agent.cli.options import HERE
from agent.cli.printing import say
from agent.cli.trying import tried
from agent.config import Config, parse_config
from agent.config_text import with_setting
from agent.errors import ModelError, OperatorError
from agent.models import Catalogue, store_of
from agent.models.bundles import fitness
from agent.models.bundles.fitness import Runtime
from agent.models.bundles.manifest import base_of, check_agent, parts_of
from agent.models.bundles.parcel import Parcel, read_parcel
from agent.models.bundles.shelf import Shelf
from agent.models.bundles.signing import check_dates, keyring_file, name_of, read_keyring
from agent.update.engine import Progress
from agent.update.slots import Refused, order_of
from agent.version import VERSION
from hal.system import SystemClock


class Place(NamedTuple):
    """Where a configuration names its model for a task, and what stands there."""

    table: str
    key: str
    model: str


def take_model(path: Path, url: str, by: str | None, progress: Progress, *, as_json: bool) -> bool:
    """Take a model bundle over: whether the camera goes on with it. Raises Refused, Unfit, OperatorError."""
    if url != HERE and not url.startswith(("unix:", "http://")):
        raise OperatorError("a model bundle is taken over on the camera itself", hint="run this there")
    clock, now = SystemClock(), ask(url, "/v1/config")
    config = parse_config(now["text"], source="the camera's configuration")
    progress(5, "checking the signature")
    parcel = read_parcel(path, read_keyring(keyring_file()))
    check_dates(parcel.signer, clock.wall())
    shelf, place = Shelf(store_of(config.storage.data_dir)), place_of(config, parcel)
    check_newer(parcel, place.model, shelf)
    judged = fitness.judge(
        parcel,
        content_of(config, place.model),
        Runtime(config.model.runtime, config.model.threads),
        clock.monotonic,
        progress,
    )
    if not shelf.holds(parcel):
        shelf.put(parcel, lambda what: progress(70, what))
    _tell(parcel, judged, as_json=as_json)
    if base_of(place.model) not in (parcel.bundle.name, *parcel.bundle.replaces):
        _tell_unused(parcel, place, as_json=as_json)
        return True
    progress(80, "trying it")
    return _try(now, place, parcel, shelf, url, by, as_json=as_json)


def place_of(config: Config, parcel: Parcel) -> Place:
    """What the bundle's model is for, and which one does that now."""
    if parcel.spec.task == "pose":
        return Place("pose", "model", config.pose.model)
    return Place("model", "name", config.model.name)


def check_newer(parcel: Parcel, used: str, shelf: Shelf) -> None:
    """Raises Refused for a model that this software cannot use, or that is not newer than what the camera has."""
    bundle = parcel.bundle
    check_agent(bundle, VERSION)
    if bundle.delivered == used:
        raise Refused(f"{used} is in use already")
    known = [parts[1] for name in (*shelf.names(), used) if (parts := parts_of(name)) and parts[0] == bundle.name]
    newest = max(known, key=order_of, default="0")
    again = bundle.version == newest and shelf.holds(parcel)
    if order_of(bundle.version) <= order_of(newest) and not again:
        hint = "aislewatch model use NAME goes back to one that is here"
        raise Refused(f"version {bundle.version} of {bundle.name} is not newer than {newest}, which is here", hint=hint)


def content_of(config: Config, model: str) -> bytes | None:
    """The file of a model that is in use; None where there is none."""
    catalogue = Catalogue.load(store=store_of(config.storage.data_dir))
    try:
        return catalogue.read(catalogue.spec(model))
    except ModelError:
        return None


def _try(
    now: dict[str, Any], place: Place, parcel: Parcel, shelf: Shelf, url: str, by: str | None, *, as_json: bool
) -> bool:
    """Have the camera use the model; one that it takes back leaves the shelf."""
    name = parcel.bundle.delivered
    wish = {
        "text": with_setting(now["text"], place.table, place.key, name),
        "reason": f"model bundle {name}, signed by {name_of(parcel.signer)}"[:200],
        "base": now["sha256"],
    }
    kept = tried(url, "/v1/config", wish, by, as_json=as_json)
    if kept:
        shelf.prune(parcel.bundle.name, {name, place.model})
    else:
        shelf.remove(name)
    return kept


def _tell(parcel: Parcel, judged: dict[str, Any], *, as_json: bool) -> None:
    name, signer = parcel.bundle.delivered, name_of(parcel.signer)
    words = "it will be judged by the trial alone"
    if judged["judged"]:
        words = f"{judged['took_ms']} ms of {judged['limit_ms']} ms" + (", golden outputs" * judged["golden"])
    facts = {"type": "model bundle", "name": name, "signer": signer, "sha256": parcel.spec.sha256, **judged}
    say(facts, f"{name}, signed by {signer}: {words}", as_json=as_json)


def _tell_unused(parcel: Parcel, place: Place, *, as_json: bool) -> None:
    name = parcel.bundle.delivered
    words = f"this camera uses {place.model or 'none'}: `aislewatch model use {name}` where it is to use the new one"
    say({"type": "model unused", "name": name, "used": place.model}, words, as_json=as_json)
