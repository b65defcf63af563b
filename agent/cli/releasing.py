"""The command `outputs off`. A siren may be sounding for a dead agent: this loads nothing that it can do without."""

from __future__ import annotations

from pathlib import Path

from agent.cli.files import read_config
from agent.cli.printing import say
from agent.hardware import hal_settings
from hal import release_outputs


def outputs_off(config_file: Path, *, as_json: bool) -> None:
    """Switch every configured output off, whatever an ended agent left it at."""
    config = read_config(config_file)
    release_outputs(hal_settings(config))
    names = [output.name for output in config.outputs]
    words = f"off: {', '.join(names) or 'no output is configured'}"
    say({"type": "outputs_off", "outputs": names}, words, as_json=as_json)
