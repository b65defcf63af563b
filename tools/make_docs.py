"""Writes the pages of settings, rules, commands and the API from the code: they cannot be wrong (`make docs`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import typer
from typer.core import TyperGroup

from agent.cli.main import app
from agent.config import LISTS, TABLES
from agent.domain import ZoneKind
from agent.rule_config import RULE_TABLES, RuleConfig
from agent.schema import settings_of
from agent.web.openapi import document

CONFIGURATION_HEAD = """A camera is configured by one TOML file. Places are `[x, y]`, 0..1 of the picture, origin top
left. Unknown keys are mistakes; `aislewatch config check FILE` reports all mistakes together. Made by `make docs`."""

DOCS = Path(__file__).parent.parent / "docs"


def configuration() -> str:
    """Every table of a configuration file, with every key."""
    parts = [
        "# Configuration",
        CONFIGURATION_HEAD,
    ]
    parts += [_table(f"[{name}]", kind) for name, kind in TABLES.items()]
    parts += [_table(f"[[{name}]]", kind) for name, (_, kind) in LISTS.items()]
    parts.append(f"## `[[rule]]`\n\n{_sentence(RuleConfig)}\n\n{_rows(RuleConfig)}")
    parts += [_rule(name, kind) for name, kind in RULE_TABLES.items()]
    return "\n\n".join(parts) + "\n"


def _table(title: str, kind: type) -> str:
    return f"## `{title}`\n\n{_sentence(kind)}\n\n{_rows(kind)}"


def _rule(name: str, kind: type) -> str:
    return f'### `kind = "{name}"`\n\n{_sentence(kind)}\n\n{_rows(kind, without=settings_of(RuleConfig).keys())}'


def _sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


RULES_HEAD = """What a camera can notice. Each rule is a `[[rule]]` table with its `kind`; below are the settings of
each, after those that all take. Distances are in body heights (about 1.7 m), measured on the person's own box, so that
the camera's distance drops out; times run on the monotonic clock, and not seeing somebody for 2 s changes nothing.

Only confirmed people count. While a rule's condition holds its incident stays open: one for each person or place.
Severity only rises; nothing here accuses anyone: an incident asks a human to look. Made by `make docs`."""


def rules() -> str:
    """Every kind of rule with what it means and its settings, defaults as they apply to it."""
    parts = ["# Rules", RULES_HEAD, _overview(), f"## What every rule takes\n\n{_rows(RuleConfig)}"]
    parts += [_rule_page(name, kind) for name, kind in RULE_TABLES.items()]
    return "\n\n".join(parts) + "\n"


def _overview() -> str:
    rows = [
        f"| [`{name}`](#{name}) | {_sentence(kind).partition('. ')[0].rstrip('.')} | {_severity(kind)} |"
        for name, kind in RULE_TABLES.items()
    ]
    return "\n".join(["| rule | what | severity |", "|---|---|---|", *rows])


def _rule_page(name: str, kind: type[RuleConfig]) -> str:
    example = _example(name, kind)
    when = "Its schedule says when it does not apply." if kind.outside else "Its schedule says when it applies."
    common = settings_of(RuleConfig).keys()
    table = _rows(kind, without=common) if len(settings_of(kind)) > len(common) else ""
    parts = [f"## `{name}`", f"{_sentence(kind)} {when}", f"```toml\n{example}\n```", *_compared(kind), table]
    return "\n\n".join(part for part in parts if part)


def _compared(kind: type[RuleConfig]) -> Iterator[str]:
    """What it measures against which setting, and what the alert budget may make of that."""
    if kind.compares:
        compares = [f"`{one.factor}` {one.op} `{one.setting}`" for one in kind.compares]
        yield f"Measured: {(' or ' if kind.either else ', ').join(compares)}."
    if kind.tuned:
        yield f"The alert budget may raise `{kind.tuned.setting}`, up to {kind.tuned.most:g} times (docs/review.md)."


def _example(name: str, kind: type[RuleConfig]) -> str:
    """The shortest table that configures such a rule."""
    required = [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    keys = [*(key for key in required if key != "kind"), *kind.usually]
    zones = getattr(kind, "zone_kinds", ())
    values = {**EXAMPLES, "zone": f'"{ZONES[zones[0]]}"'} if zones else EXAMPLES
    return "\n".join(["[[rule]]", f'kind = "{name}"', *(f"{key} = {values[key]}" for key in keys)])


EXAMPLES = {"zone": '"spirits"', "line": '"door"', "schedule": '"opening"', "toward": "[1.0, 0.0]"}
ZONES = {
    ZoneKind.RESTRICTED: "stock-room",
    ZoneKind.QUEUE: "till-queue",
    ZoneKind.CHECKOUT: "till",
    ZoneKind.SHELF: "wines",
}


def _severity(kind: type[RuleConfig]) -> str:
    default = next(field.default for field in dataclasses.fields(kind) if field.name == "severity")
    return str(default)


def _rows(kind: type, without: Any = ()) -> str:
    settings = settings_of(kind)
    fields = [field for field in dataclasses.fields(kind) if field.name not in without]
    rows = [f"| `{field.name}` | {_default(field)} | {settings[field.name].help} |" for field in fields]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    value = field.default
    if value is None or value in ((), ""):
        return "-"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str | Enum) else f"`{value:g}`"


def commands() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    head = [
        "# Command line",
        f"{root.help}\n\n{root.epilog}\n\nMade by `make docs`; `aislewatch COMMAND --help` says the same.",
    ]
    return "\n\n".join([*head, *_group("aislewatch", root)]) + "\n"


def _group(path: str, group: TyperGroup) -> Iterator[str]:
    shown = {name: command for name, command in group.commands.items() if not command.hidden}
    for name, command in shown.items():
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
            table = "\n".join(["| | default | meaning |", "|---|---|---|", *rows])
            yield f"## `{path} {name}`\n\n{command.help}\n\n{table}"
        if isinstance(command, TyperGroup):
            yield from _group(f"{path} {name}", command)


def _parameter(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    shown = not isinstance(parameter.default, bool) and parameter.default not in (None, "")
    default = "required" if parameter.required else (f"`{parameter.default}`" if shown else "-")
    return f"| {names} | {default} | {parameter.help or ''} |"


def api() -> str:
    """The API as an OpenAPI document."""
    return msgspec.json.format(msgspec.json.encode(document())).decode() + "\n"


PAGES = {"configuration.md": configuration, "rules.md": rules, "cli.md": commands, "openapi.json": api}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
