"""What every command is wrapped in: its errors are explained, and whoever asks a camera may show a pass."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, ParamSpec

from agent.cli.complaints import explained
from agent.cli.options import PASS, PassFile

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command: its errors are explained, and where it takes `--camera` it takes `--pass`, too.

    That goes into the environment.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        if "url" in kwargs and (own := kwargs.pop("pass_file", None)) is not None:
            os.environ[PASS] = str(own)
        with explained():
            command(*args, **kwargs)

    _take_pass(run, command)
    return run


def _take_pass(run: Any, command: Callable[..., None]) -> None:
    """Declare `--pass` for a command that reaches a camera."""
    signature = inspect.signature(command, eval_str=True)
    if "url" not in signature.parameters:
        return
    option = inspect.Parameter("pass_file", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PassFile)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])
