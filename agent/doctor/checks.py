"""What the doctor's checks look at; pure: facts in, what was seen out, None where a check cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.doctor.facts import Ending, Facts
from agent.doctor.finding import Colour, Seen
from agent.health import board
from agent.health.desk import ADVICE
from agent.health.readings import METRICS
from agent.models.bundles.manifest import base_of

SETTLED_S = 90.0
"""So soon after its start a camera need not have its clock set, nor its hub linked."""
OPENING_S = 15.0
"""And so soon no picture."""
SOFT = 28.0
"""Sharpness below which a picture is out of focus (`agent.fitting.aim`)."""
BLACK_MEAN, FLAT_SPREAD = 12.0, 24.0
LOSS_AMBER_PCT, LOSS_RED_PCT = 6.0, 30.0
STARVED_PCT = 40.0
"""Of all processor time: who takes more while nothing is left starves the camera."""
SLACK_S = 86_400.0
"""A clock so far behind what has certainly passed is wrong."""
SOON_S, SOON_LOCKED_S = 14 * 86_400.0, 900.0
"""What ends so soon is told before: an authority two weeks, a pass, which is for some hours, a quarter of an hour."""
BUSY = ("busy", "in use")
"""What drivers say of a line that another program holds."""


FINE = Seen(Colour.GREEN, "")


def settled(facts: Facts) -> bool:
    """Whether the camera runs long enough to be judged by what takes its time."""
    return facts.uptime_s is not None and facts.uptime_s >= SETTLED_S


def program(facts: Facts) -> Seen | None:
    """Whether the agent answers at all."""
    if facts.answers:
        return FINE
    words = "no agent answers" + (f" (systemd says: {facts.service})" if facts.service else "")
    return Seen(Colour.RED, words, "systemctl restart aislewatch; `journalctl -u aislewatch -n 50` says why it ended")


def config(facts: Facts) -> Seen | None:
    """Mistakes in the configuration."""
    if not facts.config:
        return None if facts.config is None else FINE
    count = len(facts.config)
    words = f"the configuration has {count} mistake{'s' if count > 1 else ''}: {facts.config[0]}"
    return Seen(Colour.RED, words, "`aislewatch config check FILE` lists all of them; correct them and restart")


def version(facts: Facts) -> Seen | None:
    """Whether what runs is what is installed, or what whoever asks has."""
    if facts.newest is None or not facts.version:
        return None
    if facts.newest == facts.version:
        return FINE
    words = f"version {facts.version} runs, {facts.newest} is here"
    return Seen(Colour.AMBER, words, "restart the camera, or bring it the update: `aislewatch update BUNDLE`")


def update(facts: Facts) -> Seen | None:
    """Whether the last update was left."""
    if not facts.update_left:
        return None if facts.update_left is None else FINE
    return Seen(Colour.AMBER, f"the last update was left: {facts.update_left}", "see `aislewatch update status`")


def camera(facts: Facts) -> Seen | None:
    """Whether there is a camera, and whether pictures come."""
    if facts.camera_missing:
        return Seen(Colour.RED, facts.camera_missing, ADVICE["signal_loss"])
    told = facts.told.get("signal_loss")
    if facts.receiving is False and not facts.safe and (told or (facts.uptime_s or 0.0) >= OPENING_S):
        words = told.detail if told else f"no pictures come from {facts.source}"
        return Seen(Colour.RED, words, ADVICE["signal_loss"])
    return None if facts.camera_missing is None and facts.receiving is None else FINE


def black(facts: Facts) -> Seen | None:
    """A picture with nothing in it; a dark one with something in it is `too_dark`."""
    picture = facts.picture
    if picture is None:
        return None
    if picture.spread >= FLAT_SPREAD:
        return FINE
    kind = "black" if picture.mean <= BLACK_MEAN else "of one grey"
    words = f"the picture is {kind}: mean {picture.mean:.0f} of 255, spread {picture.spread:.0f}"
    return Seen(Colour.RED, words, "take the cap off the lens, look what hangs before it, give light; then its cable")


def focus(facts: Facts) -> Seen | None:
    """How sharp the picture is."""
    picture = facts.picture
    if picture is None or picture.spread < FLAT_SPREAD:
        return None
    if picture.sharpness is not None and picture.sharpness >= SOFT:
        return FINE
    words = "nothing sharp is in the picture" if picture.sharpness is None else f"sharpness {picture.sharpness:.0f}"
    return Seen(Colour.AMBER, f"{words} of 100 (at least {SOFT:.0f})", "turn the lens while `aislewatch aim` runs")


def light(facts: Facts) -> Seen | None:
    """How the picture is exposed."""
    picture = facts.picture
    if picture is None or picture.spread < FLAT_SPREAD:
        return None
    if picture.exposure not in ("dark", "bright"):
        return FINE
    words = f"the picture is too {picture.exposure}: mean {picture.mean:.0f} of 255"
    return Seen(Colour.AMBER, words, ADVICE[f"too_{picture.exposure}"])


def model(facts: Facts) -> Seen | None:
    """Whether the model's file is the one that is named, and finds the people on its reference picture."""
    back = f"`aislewatch model use {base_of(facts.model)}`, or deliver it again with `aislewatch update`"
    delivered = base_of(facts.model) != facts.model
    if facts.model_wrong:
        cure = f"delete the file, then `aislewatch model fetch {facts.model}`"
        return Seen(Colour.RED, facts.model_wrong, back if delivered else cure)
    if facts.model_blind:
        words = f"model {facts.model} does not see: {facts.model_blind}"
        return Seen(Colour.RED, words, back if delivered else ADVICE["model"])
    return None if facts.model_wrong is None and facts.model_blind is None else FINE


def accelerator(facts: Facts) -> Seen | None:
    """Whether the model runs where it should."""
    if not facts.fallback:
        return None if facts.fallback is None else FINE
    return Seen(Colour.AMBER, f"the CPU does the accelerator's work: {facts.fallback}", ADVICE["accelerator"])


def processor(facts: Facts) -> Seen | None:
    """Whether other programs take so much of the processors that the camera cannot keep up."""
    if facts.starved_pct is None:
        return None
    looks = (worst(measured(name), told(name)) for name in ("frame_rate", "frame_drops"))
    behind = any(seen is not None and seen.colour for seen in (look(facts) for look in looks))
    if facts.starved_pct < STARVED_PCT or not behind:
        return FINE
    words = f"other programs take {facts.starved_pct:.0f} % of the processors: the camera cannot keep up"
    return Seen(Colour.AMBER, words, "nothing else should run on a camera: `top` names it, end it or move it elsewhere")


def pin_busy(facts: Facts) -> Seen | None:
    """Whether another program holds a line."""
    if facts.lines_wrong is None or not _is_busy(facts.lines_wrong):
        return None if facts.lines_wrong is None else FINE
    return Seen(Colour.RED, facts.lines_wrong, "end the program that holds the line: `gpioinfo` names it")


def lines(facts: Facts) -> Seen | None:
    """Whether the lines can be had, for any other reason."""
    if not facts.lines_wrong or _is_busy(facts.lines_wrong):
        return None if facts.lines_wrong is None else FINE
    return Seen(Colour.RED, facts.lines_wrong, "check the pin's number, /dev/gpiochip0 and the group `gpio`")


def _is_busy(words: str) -> bool:
    return any(word in words.lower() for word in BUSY)


def outputs(facts: Facts) -> Seen | None:
    """Whether the outputs follow."""
    if facts.outputs is None:
        return None
    wrong = [line for line in facts.outputs if line.fault]
    if not wrong:
        return FINE
    words = "; ".join(f"{line.name}: {line.fault}" for line in wrong)
    return Seen(Colour.RED, words, "check fuse, relay and wiring, then `aislewatch outputs test NAME`")


def write(facts: Facts) -> Seen | None:
    """Whether the data folder takes a file."""
    if not facts.unwritable:
        return None if facts.unwritable is None else FINE
    return Seen(Colour.RED, facts.unwritable, "let the agent's user write there, or set storage.data_dir")


def journal(facts: Facts) -> Seen | None:
    """Whether the journal is whole, and was so."""
    if facts.journal_wrong:
        todo = "start the agent: it puts the file aside and saves what can be read; then replace the memory card"
        return Seen(Colour.RED, f"the journal is damaged: {facts.journal_wrong}", todo)
    if facts.salvaged:
        todo = "copy it for whoever asks, then remove it; if it comes again, replace the memory card"
        return Seen(Colour.AMBER, f"a damaged journal was put aside: {facts.salvaged}", todo)
    return None if facts.journal_wrong is None and facts.salvaged is None else FINE


def clock(facts: Facts) -> Seen | None:
    """Whether the clock shows a time that may be."""
    if facts.utc_s is None or facts.earliest_utc_s is None:
        return None
    behind_s = facts.earliest_utc_s - facts.utc_s
    if behind_s <= SLACK_S:
        return FINE
    words = f"the clock is at least {behind_s / 86_400:.0f} days behind"
    return Seen(Colour.RED, words, "let the camera reach a time server (UDP port 123), or replace the clock's battery")


def ntp(facts: Facts) -> Seen | None:
    """Whether a time server vouches for the clock."""
    if facts.synchronised is None or (facts.answers and not facts.synchronised and not settled(facts)):
        return None
    return FINE if facts.synchronised else Seen(Colour.AMBER, "no time server vouches for the clock", ADVICE["clock"])


def loss(facts: Facts) -> Seen | None:
    """How many packets to the gateway are lost."""
    if facts.loss_pct is None:
        return None
    if facts.loss_pct < LOSS_AMBER_PCT:
        return FINE
    colour = Colour.RED if facts.loss_pct >= LOSS_RED_PCT else Colour.AMBER
    words = f"{facts.loss_pct:.0f} % of the packets to the gateway are lost"
    return Seen(colour, words, "check cable and plug, or move the access point: a healthy network loses next to none")


def mdns(facts: Facts) -> Seen | None:
    """Whether the camera's announcement is heard."""
    if facts.heard is None:
        return None
    todo = (
        "let switch and access point pass multicast (224.0.0.251, UDP 5353; no client isolation), or name the address"
    )
    return FINE if facts.heard else Seen(Colour.AMBER, "the camera's announcement (mDNS) is not heard", todo)


def identity(facts: Facts) -> Seen | None:
    """Whether key, certificate and pins can be read."""
    if not facts.identity_wrong:
        return None if facts.identity_wrong is None else FINE
    todo = "restore the folder identity, or remove it and pair the camera anew: `aislewatch pair`"
    return Seen(Colour.RED, f"no hub can come: {facts.identity_wrong}", todo)


def certificates(facts: Facts) -> Seen | None:
    """Whether a certificate has ended, or is about to."""
    if facts.ends is None or facts.utc_s is None:
        return None
    over = [one for one in facts.ends if one.end_utc_s <= facts.utc_s]
    soon = [one for one in facts.ends if facts.utc_s < one.end_utc_s <= facts.utc_s + _soon_s(one)]
    if over:
        colour = Colour.RED if any(one.locks_out for one in over) else Colour.AMBER
        names = ", ".join(one.what for one in over)
        return Seen(colour, f"has ended: {names}", "make a new one at the hub (`tools/hub.py issue` or `rotate-ca`)")
    if soon:
        names = ", ".join(one.what for one in soon)
        return Seen(Colour.AMBER, f"ends soon: {names}", "make a new one at the hub in time")
    return FINE


def _soon_s(one: Ending) -> float:
    return SOON_LOCKED_S if one.locks_out else SOON_S


def authority(facts: Facts) -> Seen | None:
    """Whether somebody comes whom another authority vouches for, and the own hub does not."""
    if not facts.claimed or facts.foreign is None or facts.hubs is None:
        return None
    if facts.hubs or not facts.foreign:
        return FINE
    words = f"{facts.foreign} came with a certificate of another authority, and the camera's own hub is away"
    return Seen(Colour.RED, words, "is it the right hub? if the hub was set up anew: unpair the camera and pair it")


def hub(facts: Facts) -> Seen | None:
    """Whether the hub is linked."""
    if not facts.claimed or facts.hubs is None or (not facts.hubs and not settled(facts)):
        return None
    words = f"no hub is linked{'; ' if facts.call_trouble else ''}{facts.call_trouble}"
    return FINE if facts.hubs else Seen(Colour.RED, words, "is the hub on, and in the same network?")


def measured(what: str) -> Callable[[Facts], Seen | None]:
    """The limits of the board's own watch, upon the newest reading."""

    def look(facts: Facts) -> Seen | None:
        levels = [
            (limit.level(facts.readings[limit.metric]), limit)
            for limit in board.LIMITS
            if limit.what == what and limit.metric in facts.readings
        ]
        level, limit = max(levels, key=lambda pair: pair[0], default=(board.OK, None))
        if limit is None:
            return None
        return Seen(Colour(level), _reading(limit, facts.readings), ADVICE[what]) if level else FINE

    return look


def _reading(limit: board.Limit, readings: Mapping[str, float]) -> str:
    metric = METRICS[limit.metric]
    words = metric.words.removeprefix("1 while ").removeprefix("1 once ")
    if words != metric.words:
        return words if metric.bad == "high" else words.replace(" is ", " is not ", 1)
    return f"{words}: {readings[limit.metric]:.4g} {metric.unit}".rstrip()


def told(what: str) -> Callable[[Facts], Seen | None]:
    """What the camera's own watch has found."""

    def look(facts: Facts) -> Seen | None:
        if (said := facts.told.get(what)) is None:
            return None
        colour = Colour.RED if said.state == "fault" else Colour.AMBER
        return Seen(colour, said.detail or what.replace("_", " "), ADVICE.get(what, ""))

    return look


def worst(*looks: Callable[[Facts], Seen | None]) -> Callable[[Facts], Seen | None]:
    """The worst that any of them sees, the first one's where they are alike."""

    def look(facts: Facts) -> Seen | None:
        seen = [one for one in (look(facts) for look in looks) if one is not None]
        return max(seen, key=lambda one: one.colour, default=None)

    return look
