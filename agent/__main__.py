"""`aislewatch` and `python -m agent`."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from agent.loading import loading


def main() -> None:
    """Run the command line; what systemd starts, `aislewatch run --config FILE`, goes straight to the camera."""
    words = sys.argv[1:]
    try:
        if len(words) == 3 and words[:2] == ["run", "--config"]:
            run(words[2])
        else:
            run_command()
    except SystemExit as end:
        leave(end.code)
        raise


def run(config: str) -> None:
    """A camera, without the other commands and the library that reads them: seconds on a small board."""
    with loading():
        from agent.cli import running
        from agent.cli.complaints import explained

    with explained():
        running.run(Path(config), as_json=False, verbose=False)


def run_command() -> None:
    """Any command."""
    with loading():
        from agent.cli.main import app

    app()


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
