"""Where errors become messages and exit codes: what a person must act on is told in their words; the rest is a bug."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

OPERATOR_EXIT = 3
RESTART_EXIT = 75
INTERRUPTED_EXIT = 130


@contextmanager
def explained() -> Iterator[None]:
    """An OperatorError or HalError becomes its message and hint on stderr and exit code 3.

    A camera that wants to be started anew ends with 75 (sysexits.h: try again).
    """
    from agent.errors import AislewatchError, RestartNeeded
    from hal.errors import HalError

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the sign for degrees is no reason to fail
    try:
        yield
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


def complain(message: str, hint: str = "") -> None:
    """Print what went wrong, and what to do, on stderr; for people no word is broken at the edge."""
    for text in (f"aislewatch: {message}", *([f"  -> {hint}"] if hint else [])):
        print("\n".join(_folded(text)) if sys.stderr.isatty() else text, file=sys.stderr)


def _folded(text: str) -> Iterator[str]:
    width = min(shutil.get_terminal_size((80, 24)).columns, 100) - 1
    for line in text.splitlines():
        yield textwrap.fill(line, width, subsequent_indent="     ", break_on_hyphens=False, break_long_words=False)
