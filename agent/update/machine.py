"""The camera's own slots, through RAUC and the boot chooser."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec

from agent.errors import OperatorError
from agent.update.engine import Progress
from agent.update.slots import Offer, Refused, Slot

CHOOSER = "/usr/lib/aislewatch/bootchooser"
KEYRING = "/etc/rauc/keyring.pem"
_PROGRESS = re.compile(r"^\s*(\d+)% (.+?)\.?\s*$")


class RaucMachine:
    """Needs to be root."""

    def __init__(
        self,
        os_release: Path = Path("/etc/os-release"),
        command_line: Path = Path("/proc/cmdline"),
        keyring: Path = Path(KEYRING),
    ) -> None:
        self._os_release = os_release
        self._command_line = command_line
        self._keyring = keyring

    def running(self) -> Offer:
        """What /etc/os-release says. Raises OperatorError on a system that is no image of ours."""
        words = dict(re.findall(r'^(IMAGE_\w+)="?([^"\n]*)"?$', self._os_release.read_text(encoding="utf-8"), re.M))
        if "IMAGE_ID" not in words or "IMAGE_VERSION" not in words:
            raise OperatorError("this system was not flashed from an image", hint="update its packages instead")
        return Offer(words["IMAGE_ID"], words["IMAGE_VERSION"])

    def slot(self) -> Slot:
        """What the boot chooser told the kernel. Raises OperatorError."""
        match = re.search(r"\brauc\.slot=([AB])\b", self._command_line.read_text(encoding="ascii"))
        if match is None:
            raise OperatorError("this system was not started from a slot", hint="only a flashed card has slots")
        return Slot(match.group(1))

    def kept(self) -> Slot:
        return Slot(_run([CHOOSER, "get-primary"]).strip())

    def inspect(self, bundle: Path) -> Offer:
        try:
            said = _run(["rauc", "info", f"--keyring={self._keyring}", "--output-format=json", str(bundle)])
        except OperatorError as error:
            raise Refused(f"{bundle.name} is refused: {error}", hint="only a signed bundle counts") from None
        facts = msgspec.json.decode(said[said.index("{") :])
        return Offer(facts["compatible"], facts["version"])

    def install(self, bundle: Path, progress: Progress) -> None:
        try:
            with subprocess.Popen(
                ["rauc", "install", str(bundle)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as rauc:
                assert rauc.stdout is not None
                said = []
                for line in rauc.stdout:
                    said.append(line.strip())
                    if match := _PROGRESS.match(line):
                        progress(int(match.group(1)), match.group(2))
        except OSError as error:
            raise OperatorError(f"rauc cannot be run: {error}", hint="only a flashed card has it") from None
        if rauc.returncode:
            raise OperatorError(f"the bundle could not be written: {'; '.join(said[-3:])}")

    def keep(self, slot: Slot) -> None:
        _run([CHOOSER, "set-state", slot, "good"])

    def restart_to_try(self) -> None:
        _run([CHOOSER, "restart"])


def _run(command: list[str]) -> str:
    """What a program prints. Raises OperatorError with its last words."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise OperatorError(f"{command[0]} cannot be run: {error}", hint="only a flashed card has it") from None
    if result.returncode:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise OperatorError(said[-1] if said else f"{command[0]} ended with {result.returncode}")
    return result.stdout
