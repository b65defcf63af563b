"""Where errors become messages: what a person must act on is told in their words; everything else is a bug."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")

OPERATOR_EXIT = 3
RESTART_EXIT = 75
INTERRUPTED_EXIT = 130


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command: an OperatorError or HalError ends it with its message and hint on stderr and exit code 3.

    A camera that wants to be started anew ends with 75 (sysexits.h: try again).
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from agent.errors import AislewatchError, RestartNeeded
        from hal.errors import HalError

        try:
            command(*args, **kwargs)
        except RestartNeeded as wish:
            complain(str(wish))
            raise SystemExit(RESTART_EXIT) from None
        except (AislewatchError, HalError) as error:
            complain(str(error), getattr(error, "hint", ""))
            raise SystemExit(OPERATOR_EXIT) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED_EXIT) from None
        except BrokenPipeError:
            # The reader went away (`| head`); keep the interpreter from complaining about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return run


def complain(message: str, hint: str = "") -> None:
    """Print what went wrong, and what to do, on stderr."""
    print(f"aislewatch: {message}", file=sys.stderr)
    if hint:
        print(f"  -> {hint}", file=sys.stderr)
