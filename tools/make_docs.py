"""Writes docs/configuration.md and docs/cli.md from the code, so that they cannot be wrong (`make docs`; tested)."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from agent.cli.main import app
from agent.config import LISTS, TABLES
from agent.rule_config import RULE_TABLES, RuleConfig
from agent.schema import settings_of

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
    return inspect.cleandoc(kind.__doc__ or "").replace("\n", " ")


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
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _group(f"{path} {name}", command)
        else:
            rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
            table = "\n".join(["| | default | meaning |", "|---|---|---|", *rows])
            yield f"## `{path} {name}`\n\n{command.help}\n\n{table}"


def _parameter(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    shown = parameter.default not in (None, False, True) and not callable(parameter.default)
    default = "required" if parameter.required else (f"`{parameter.default}`" if shown else "-")
    return f"| {names} | {default} | {parameter.help or ''} |"


PAGES = {"configuration.md": configuration, "cli.md": commands}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
