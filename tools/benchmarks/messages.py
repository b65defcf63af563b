"""Goal 10: an event to bytes and back, validated, against Python's json, which validates nothing."""

from __future__ import annotations

import json

import msgspec

from agent.domain import Event, Incident, IncidentState, Severity
from agent.events.wire import Body, Item, body_of, decode_body, encode_body, plain, seal
from tools.benchmarks.footage import Bench
from tools.benchmarks.report import Row
from tools.benchmarks.timing import in_turn

TARGET = 0.12
REPEATS = 100
T_S = 105432.81937465
ITEMS: tuple[Item, ...] = (
    Event("line_crossing", T_S, data={"track": 4, "line": "exit", "direction": "out"}),
    Event("dwell", T_S, data={"track": 4, "zone": "spirits", "dwell_s": 13.27}),
    Event("output", T_S, data={"output": "siren", "pattern": "pulse", "incident": "a1b2c3-00042", "state": "active"}),
    Incident(
        id="a1b2c3-00042",
        kind="loitering",
        rule="loitering-spirits",
        state=IncidentState.OPEN,
        severity=Severity.WARNING,
        t_s=T_S,
        opened_s=T_S,
        tracks=(4,),
        zone="spirits",
        factors={"dwell_s": 31.2, "after_s": 30.0, "gyration_h": 0.41, "stage": 1},
        actions=("strobe",),
    ),
)
"""One of each kind that the agent journals."""


def rows(bench: Bench) -> list[Row]:
    """The two codecs side by side; and, told only, what the journal does to an event: its wire form made as well."""
    bodies = [body_of(item) for item in ITEMS]
    plain_ones = [msgspec.to_builtins(body, enc_hook=plain) for body in bodies]
    rounds = bench.count(1000, 150)
    codecs = in_turn(lambda: _through_wire(bodies), lambda: _through_json(plain_ones), rounds, REPEATS)
    sealing = in_turn(lambda: [seal(item) for item in ITEMS], lambda: _through_json(plain_ones), rounds, REPEATS)
    sizes = " + ".join(str(len(json.dumps(fields))) for fields in plain_ones)
    detail = f"{codecs.words('json')} and {len(ITEMS)} events ({sizes} bytes of JSON); ours checks types and numbers"
    whole = f"{sealing.words('json')}; ours from the domain's values, json from a dict"
    return [
        Row("10", "event encode + decode, validated / json", codecs.ratio, TARGET, detail),
        Row("10", "event sealed for the journal / json", sealing.ratio, None, whole),
    ]


def _through_wire(bodies: list[Body]) -> None:
    for body in bodies:
        decode_body(encode_body(body))


def _through_json(plain_ones: list[object]) -> None:
    for fields in plain_ones:
        json.loads(json.dumps(fields))
