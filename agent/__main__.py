"""`aislewatch` and `python -m agent`."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress


def main() -> None:
    """Run the command line."""
    from agent.cli.main import app

    try:
        app()
    except SystemExit as end:
        leave(end.code)
        raise


def leave(code: object) -> None:
    """End at once where a thread of the walk did not end in time: at the interpreter's own end it would abort all."""
    if not any(thread.daemon for thread in threading.enumerate()) or isinstance(code, str):
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # its reader went away
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
