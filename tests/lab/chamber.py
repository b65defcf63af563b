"""A root that is not booted: one command in it, with this checkout and the data, and nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.data import DATA
from tests.lab.nspawn import PROLOGUE
from tests.lab.roots import REPOSITORY, VENV

PYTHON = f"{VENV}/bin/python"
# systemd-nspawn speaks to what it starts as systemd does to a service, which would let the agent restart itself.
_UNSUPERVISED = ("/usr/bin/env", "--unset=NOTIFY_SOCKET")
# What a test may write beside the code goes into memory, and is gone with the chamber.
_ENTER = """
exec systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --volatile=overlay --private-network \\
    --link-journal=no --resolv-conf=off --console=pipe --directory="$ROOT" --chdir=/repository "$@"
"""


@dataclass(frozen=True)
class Chamber:
    """Where commands are run: a root, and what else of this machine is to be seen in it, by its place inside."""

    root: Path
    shown: Mapping[str, Path] = field(default_factory=dict)

    def run(self, *command: str, limit_s: float, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, with nothing of our environment but `variables`."""
        sights = {"/data": DATA, **self.shown}
        binds = [f"--bind-ro={path}:{place}" for place, path in sights.items() if path.exists()]
        settings = {"AISLEWATCH_DATA": "/data", "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis", **variables}
        given = [f"--setenv={name}={value}" for name, value in settings.items()]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        options = [*binds, f"--overlay={REPOSITORY}::/repository", *given]
        shell = ["sh", "-c", PROLOGUE + _ENTER, "sh", *options, *_UNSUPERVISED, *command]
        environment = {"ROOT": str(self.root), "NAME": "aislewatch-chamber", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return subprocess.run(
            [*namespaces, *shell],
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
        )
