"""The configuration: TOML text in, a frozen and fully validated `Config` out. Pure: it opens no file and no device.

Every mistake in a text is reported together, each with its path and what to do. The meaning of each table is in
docs/design/semantics.md.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent import schema
from agent.domain import ZoneKind
from agent.errors import ConfigError, Problem
from agent.rule_config import RULE_TABLES, Reference, RuleConfig, Want
from agent.tables.appearance import AppearanceConfig
from agent.tables.camera import CameraConfig, ModelConfig
from agent.tables.evidence import EvidenceConfig
from agent.tables.health import HealthConfig
from agent.tables.hub import HubConfig
from agent.tables.insight import InsightConfig
from agent.tables.mount import LEAST_BELOW_DEG, MountConfig
from agent.tables.mqtt import MqttConfig
from agent.tables.places import LineConfig, MaskConfig, PrivacyMaskConfig, ZoneConfig
from agent.tables.pose import PoseConfig
from agent.tables.review import BudgetConfig, ReviewConfig
from agent.tables.schedule import ScheduleConfig
from agent.tables.service import ApiConfig, StorageConfig
from agent.tables.tills import TillConfig
from agent.tables.wiring import GpioConfig, InputConfig, LadderConfig, OutputConfig, ThermalConfig


@dataclass(frozen=True, slots=True)
class Config:
    """Everything one camera is told."""

    camera: CameraConfig = dataclasses.field(default_factory=CameraConfig)
    mount: MountConfig = dataclasses.field(default_factory=MountConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    pose: PoseConfig = dataclasses.field(default_factory=PoseConfig)
    api: ApiConfig = dataclasses.field(default_factory=ApiConfig)
    storage: StorageConfig = dataclasses.field(default_factory=StorageConfig)
    review: ReviewConfig = dataclasses.field(default_factory=ReviewConfig)
    budget: BudgetConfig = dataclasses.field(default_factory=BudgetConfig)
    insight: InsightConfig = dataclasses.field(default_factory=InsightConfig)
    appearance: AppearanceConfig = dataclasses.field(default_factory=AppearanceConfig)
    evidence: EvidenceConfig = dataclasses.field(default_factory=EvidenceConfig)
    health: HealthConfig = dataclasses.field(default_factory=HealthConfig)
    hub: HubConfig = dataclasses.field(default_factory=HubConfig)
    mqtt: MqttConfig = dataclasses.field(default_factory=MqttConfig)
    gpio: GpioConfig = dataclasses.field(default_factory=GpioConfig)
    thermal: ThermalConfig = dataclasses.field(default_factory=ThermalConfig)
    zones: tuple[ZoneConfig, ...] = ()
    lines: tuple[LineConfig, ...] = ()
    schedules: tuple[ScheduleConfig, ...] = ()
    privacy_masks: tuple[PrivacyMaskConfig, ...] = ()
    motion_masks: tuple[MaskConfig, ...] = ()
    object_masks: tuple[MaskConfig, ...] = ()
    rules: tuple[RuleConfig, ...] = ()
    outputs: tuple[OutputConfig, ...] = ()
    ladders: tuple[LadderConfig, ...] = ()
    inputs: tuple[InputConfig, ...] = ()
    tills: tuple[TillConfig, ...] = ()

    @property
    def alarm_outputs(self) -> tuple[OutputConfig, ...]:
        """The outputs that incidents switch on: all but the status light."""
        return tuple(output for output in self.outputs if output.role != "status")


TABLES: dict[str, type[Any]] = {
    "camera": CameraConfig,
    "mount": MountConfig,
    "model": ModelConfig,
    "pose": PoseConfig,
    "api": ApiConfig,
    "storage": StorageConfig,
    "review": ReviewConfig,
    "budget": BudgetConfig,
    "insight": InsightConfig,
    "appearance": AppearanceConfig,
    "evidence": EvidenceConfig,
    "health": HealthConfig,
    "hub": HubConfig,
    "mqtt": MqttConfig,
    "gpio": GpioConfig,
    "thermal": ThermalConfig,
}
LISTS: dict[str, tuple[str, type[Any]]] = {
    "zone": ("zones", ZoneConfig),
    "line": ("lines", LineConfig),
    "schedule": ("schedules", ScheduleConfig),
    "privacy_mask": ("privacy_masks", PrivacyMaskConfig),
    "motion_mask": ("motion_masks", MaskConfig),
    "object_mask": ("object_masks", MaskConfig),
    "output": ("outputs", OutputConfig),
    "ladder": ("ladders", LadderConfig),
    "input": ("inputs", InputConfig),
    "till": ("tills", TillConfig),
}


def parse_config(text: str, *, source: str = "configuration") -> Config:
    """Read a configuration. Raises ConfigError with every mistake in it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem("(text)", f"not TOML: {error}")], source=source) from None
    except RecursionError:
        raise ConfigError([Problem("(text)", "nested too deeply")], source=source) from None
    problems: list[Problem] = []
    parts = _read_parts(raw, problems)
    if not problems:
        config = Config(**parts)
        problems = cross_check(config)
    if problems:
        raise ConfigError(problems, source=source)
    return config


def _read_parts(raw: Mapping[str, object], problems: list[Problem]) -> dict[str, Any]:
    known = [*TABLES, *LISTS, "rule"]
    for key in raw:
        if key not in known:
            problems.append(Problem(schema.shown_key(key), "unknown table", schema.nearest(key, known)))
    parts: dict[str, Any] = {
        key: schema.read_table(kind, raw[key], key, problems) for key, kind in TABLES.items() if key in raw
    }
    for key, (attribute, kind) in LISTS.items():
        items = _items(raw, key, problems)
        parts[attribute] = tuple(schema.read_table(kind, item, path, problems) for path, item in items)
    rules = (_read_rule(item, path, problems) for path, item in _items(raw, "rule", problems))
    parts["rules"] = tuple(rule for rule in rules if rule)
    return parts


def _items(raw: Mapping[str, object], key: str, problems: list[Problem]) -> list[tuple[str, object]]:
    value = raw.get(key, [])
    if isinstance(value, list):
        return [(f"{key}[{index}]", item) for index, item in enumerate(value)]
    problems.append(Problem(key, "expected a list of tables", f"write [[{key}]] instead of [{key}]"))
    return []


def _read_rule(raw: object, path: str, problems: list[Problem]) -> RuleConfig | None:
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if isinstance(raw, Mapping) and kind is None:
        problems.append(Problem(f"{path}.kind", "missing", "known: " + ", ".join(RULE_TABLES)))
        return None
    if not isinstance(kind, str) or kind not in RULE_TABLES:
        hint = schema.nearest(str(kind), list(RULE_TABLES))
        problems.append(Problem(f"{path}.kind", f"unknown rule {schema.describe(kind)}", hint))
        return None
    rule = schema.read_table(RULE_TABLES[kind], raw, path, problems)
    if rule is None or rule.name:
        return rule
    return dataclasses.replace(rule, name=f"{rule.kind}-{rule.place}"[:63])


def cross_check(config: Config) -> list[Problem]:
    """The mistakes that show only when the tables are seen together."""
    return [
        *_duplicates("zone", (zone.name for zone in config.zones)),
        *_duplicates("line", (line.name for line in config.lines)),
        *_duplicates("schedule", (schedule.name for schedule in config.schedules)),
        *_duplicates("output", (output.name for output in config.outputs)),
        *_duplicates("ladder", (ladder.name for ladder in config.ladders)),
        *(
            problem
            for index, output in enumerate(config.outputs)
            for problem in _output_problems(config, output, index)
        ),
        *(
            problem
            for index, ladder in enumerate(config.ladders)
            for problem in _ladder_problems(config, ladder, index)
        ),
        *_duplicates("input", (line.name for line in config.inputs)),
        *_till_problems(config),
        *_duplicates("rule", (rule.name for rule in config.rules)),
        *_shared_pins(config),
        *(problem for index, rule in enumerate(config.rules) for problem in _rule_problems(config, rule, index)),
        *_health_problems(config),
        *_mount_problems(config),
        *_model_problems(config.model),
        *_api_problems(config.api),
        *_mqtt_problems(config.mqtt),
    ]


def _duplicates(table: str, names: Iterable[str], key: str = "name") -> list[Problem]:
    seen: dict[str, int] = {}
    problems = []
    for index, name in enumerate(names):
        if name in seen:
            where = f"{table}[{seen[name]}]"
            problems.append(Problem(f"{table}[{index}].{key}", f"{name!r} is taken by {where}", "choose another name"))
        seen.setdefault(name, index)
    return problems


def _till_problems(config: Config) -> list[Problem]:
    references = (Reference("zone", "zone", till.zone, (ZoneKind.CHECKOUT,)) for till in config.tills)
    return [
        *(problem for index, one in enumerate(references) for problem in _broken(config, one, f"till[{index}]")),
        *_duplicates("till", (till.terminal for till in config.tills), key="terminal"),
    ]


def _shared_pins(config: Config) -> list[Problem]:
    owners: dict[int, str] = {}
    problems = []
    outputs = [(f"output[{index}].pin", output.pin, output.name) for index, output in enumerate(config.outputs)]
    wired = [(f"output[{index}].readback_pin", one.readback_pin, one.name) for index, one in enumerate(config.outputs)]
    inputs = [(f"input[{index}].pin", line.pin, line.name) for index, line in enumerate(config.inputs)]
    for path, pin, name in (*outputs, *wired, *inputs):
        if pin is None:
            continue
        if pin in owners:
            message = f"{pin} is already used by {owners[pin]!r}"
            problems.append(Problem(path, message, "each output and input needs its own line"))
        owners.setdefault(pin, name)
    return problems


def _output_problems(config: Config, output: OutputConfig, index: int) -> list[Problem]:
    path = f"output[{index}]"
    problems = []
    if (output.pin is None) == (output.wav is None):
        problems.append(Problem(f"{path}.pin", "needs either `pin` or `wav`", "a line to drive, or a file to speak"))
    if output.schedule is not None:
        problems += _broken(config, Reference("schedule", "schedule", output.schedule), path)
    return problems


def _ladder_problems(config: Config, ladder: LadderConfig, index: int) -> list[Problem]:
    path = f"ladder[{index}]"
    words = [(key, word) for key in ("info", "warning", "critical") for word in getattr(ladder, key)]
    problems = [problem for key, word in words for problem in _broken(config, Reference(key, "output", word), path)]
    if not words:
        problems.append(Problem(path, "has no outputs", 'such as warning = ["strobe"], critical = ["siren"]'))
    if ladder.name in {output.name for output in config.outputs}:
        problems.append(Problem(f"{path}.name", f"{ladder.name!r} is an output's name", "choose another name"))
    return problems


def _rule_problems(config: Config, rule: RuleConfig, index: int) -> list[Problem]:
    path = f"rule[{index}]"
    return [
        *(problem for reference in rule.references() for problem in _broken(config, reference, path)),
        *(problem for want in rule.wants() for problem in _missing(config, want, path)),
        *(Problem(f"{path}.{mistake.key}", mistake.message, mistake.hint) for mistake in rule.mistakes()),
    ]


def _missing(config: Config, want: Want, path: str) -> list[Problem]:
    """What a rule needs of another table and nothing there is."""
    if any(getattr(item, want.attribute) in want.words for item in getattr(config, LISTS[want.table][0])):
        return []
    wanted = " or ".join(f'{want.attribute} = "{word}"' for word in want.words)
    message = f"makes no sense without a [[{want.table}]] with {wanted}"
    return [Problem(f"{path}.{want.key}", message, f"add the [[{want.table}]], or leave the rule out")]


def _broken(config: Config, reference: Reference, path: str) -> list[Problem]:
    """What is wrong with a name that a rule gives: unknown, or of another kind than the rule is for."""
    path = f"{path}.{reference.key}"
    table = {item.name: item for item in getattr(config, LISTS[reference.table][0])}
    if reference.key == "actions" and reference.word in {ladder.name for ladder in config.ladders}:
        return []
    if reference.word not in table:
        known = list(table)
        hint = schema.nearest(reference.word, known) if known else f"add a [[{reference.table}]] of that name"
        return [Problem(path, f"no {reference.table} is called {reference.word!r}", hint)]
    if reference.table == "output" and table[reference.word].role == "status":
        return [Problem(path, f"output {reference.word!r} is the status light", "name an output that alarms")]
    if not reference.kinds or table[reference.word].kind in reference.kinds:
        return []
    message = f"{reference.table} {reference.word!r} is of kind {table[reference.word].kind!r}"
    kinds = " or ".join(f'kind = "{kind}"' for kind in reference.kinds)
    return [Problem(path, message, f"give the {reference.table} {kinds}")]


def _health_problems(config: Config) -> list[Problem]:
    schedule = config.health.dark_schedule
    return [] if schedule is None else _broken(config, Reference("dark_schedule", "schedule", schedule), "health")


def _mount_problems(config: Config) -> list[Problem]:
    lowest_deg = config.mount.lowest_deg(config.camera.width / config.camera.height)
    if lowest_deg is None or lowest_deg >= LEAST_BELOW_DEG:
        return []
    message = f"with this lens shows no floor: the picture's lower edge looks {lowest_deg:.1f} degrees below level"
    return [Problem("mount.tilt_deg", message, "0 is level, 90 straight down; measure again")]


def _model_problems(model: ModelConfig) -> list[Problem]:
    if model.min_score is None or model.confirm_score is None or model.min_score <= model.confirm_score:
        return []
    return [Problem("model.min_score", "is above confirm_score", "min_score <= confirm_score")]


LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _api_problems(api: ApiConfig) -> list[Problem]:
    if api.plain and api.host not in LOOPBACK:
        hint = "use 127.0.0.1 here; hubs and technicians come by the TLS door, api.tls_host"
        return [Problem("api.host", f"{api.host!r} would answer strangers", hint)]
    if not api.plain and api.tls_port < 0 and api.socket is None:
        return [Problem("api", "has no door", "set tls_port, socket or plain")]
    return []


def _mqtt_problems(mqtt: MqttConfig) -> list[Problem]:
    problems = [
        Problem(f"mqtt.{key}", f"is of no use without `{other}`", "give both, or neither")
        for key, other in (
            ("cert", "key"),
            ("key", "cert"),
            ("username", "password_file"),
            ("password_file", "username"),
        )
        if getattr(mqtt, key) and not getattr(mqtt, other)
    ]
    if mqtt.host and not mqtt.tls and mqtt.host not in LOOPBACK:
        problems.append(Problem("mqtt.tls", "without it the whole network could listen and order", "leave it out"))
    if not mqtt.host and mqtt != MqttConfig():
        problems.append(Problem("mqtt.host", "missing", "name or address of the broker"))
    return problems
