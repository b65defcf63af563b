"""The emulated camera unit: a card's image in qemu, its serial console, its lines, its plug."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect

from tools.image import firmware
from tools.image.run import run
from tools.loopback import free_port

PROMPT = r"root@\S+:\S+# "
TAP = "shop0"
MODEL = "Raspberry Pi 4 Model B Rev 1.4"
LINES = "/sys/devices/platform/gpio-sim.0/gpiochip0"
STATUS = (
    "/usr/bin/python3 -Sc 'import socket as s; c=s.socket(s.AF_UNIX); c.settimeout(60);"
    ' c.connect("/run/aislewatch/api.sock");'
    ' c.sendall(b"GET /v1/status HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n"); print(c.makefile().read())\''
)
"""Asks the agent with what costs an emulated processor least."""
PROCESSORS = 2
PATIENCE_S = 300.0
"""So long may a starved computer let a board stand still before what was asked of it counts as failed."""
_MACHINE = ("-cpu", "cortex-a72", "-smp", str(PROCESSORS), "-m", "1024")


class Board:
    """One board with its card; `plug_in` starts it, `cut` pulls the plug."""

    def __init__(self, card: Path, serial: str = "10000000a1b2c3d4", namespace: str | None = None) -> None:
        self.card = card
        self.serial = serial
        self.namespace = namespace
        self.port = free_port()
        self.log = card.with_suffix(".console")
        self.start: firmware.Start
        self._asked = 0
        self._console: pexpect.spawn | None = None
        self._tree = self._device_tree()
        self._monitor_path = Path(tempfile.mkdtemp(prefix="board")) / "monitor"

    @classmethod
    def flashed(
        cls,
        image: Path,
        folder: Path,
        serial: str = "10000000a1b2c3d4",
        card_bytes: int | None = None,
        namespace: str | None = None,
    ) -> Board:
        """A board with a fresh copy of an image, on a card of some size."""
        card = folder / "card.img"
        run(["cp", "--sparse=always", image, card])
        if card_bytes is not None:
            os.truncate(card, card_bytes)
        return cls(card, serial, namespace)

    def plug_in(self, *, timeout_s: float = 240) -> None:
        """Firmware, kernel, system: until somebody could type at the console."""
        self.power_on()
        self.until_prompt(timeout_s=timeout_s)

    def until_prompt(self, *, timeout_s: float) -> None:
        """Wait until somebody could type at the console."""
        self.console.expect(PROMPT, timeout=timeout_s)
        self.run("stty -echo cols 400; export PS1='root@lab:x# ' TERM=dumb SYSTEMD_PAGER= PAGER=cat")

    def power_on(self) -> None:
        """Let the firmware choose, and start the machine."""
        self.start = firmware.start(self.card)
        folder = self.card.parent
        (folder / "kernel").write_bytes(self.start.kernel)
        (folder / "initrd").write_bytes(self.start.initrd)
        command = [
            *("-M", "virt", *_MACHINE, "-accel", "tcg,thread=multi", "-nographic", "-no-reboot"),
            *("-monitor", f"unix:{self._monitor_path},server,nowait"),
            *("-dtb", str(self._tree), "-kernel", str(folder / "kernel"), "-initrd", str(folder / "initrd")),
            *("-append", self.start.command_line + " net.ifnames=0 mitigations=off nokaslr"),
            *("-drive", f"file={self.card},if=virtio,format=raw,cache=none,aio=threads"),
            *("-netdev", self._network()),
            *("-device", "virtio-net-pci,netdev=shop,romfile="),
            *("-device", "i6300esb", "-action", "watchdog=reset"),
        ]
        command = ["qemu-system-aarch64", *command]
        if self.namespace is not None:
            command = ["ip", "netns", "exec", self.namespace, *command]
        self._console = pexpect.spawn(command[0], command[1:], timeout=60, dimensions=(50, 400))
        self._console.logfile_read = self.log.open("ab")

    @property
    def console(self) -> pexpect.spawn:
        assert self._console is not None, "the board is not plugged in"
        return self._console

    @property
    def cpu_s(self) -> float:
        """The processor time that the emulator has had since power-on (s): what a busy host does not stretch."""
        fields = Path(f"/proc/{self.console.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, command: str, *, timeout_s: float = PATIENCE_S) -> str:
        """What a command prints on the board. Raises AssertionError when it fails there."""
        code, said = self.attempt(command, timeout_s=timeout_s)
        assert code == 0, f"{command!r} ended with {code}: {said[-1500:]}"
        return said

    def attempt(self, command: str, *, timeout_s: float = PATIENCE_S) -> tuple[int, str]:
        """How a command ends on the board, and what it prints."""
        self._asked += 1
        self.console.sendline(f'{command}; echo "[done {self._asked}" $?]')
        self.console.expect(rf"\[done {self._asked} (\d+)\]", timeout=timeout_s)
        said = self.console.before.decode(errors="replace").replace("\r", "")
        return int(self.console.match.group(1)), re.sub(r"^(?:\S+#(?: |$))+", "", said.strip()).strip()

    def eventually(self, command: str, *, timeout_s: float = PATIENCE_S, every_s: float = 2) -> str:
        """What a command prints once it does not fail on the board."""
        end_s = time.monotonic() + timeout_s
        while True:
            code, said = self.attempt(command)
            if code == 0:
                return said
            assert time.monotonic() < end_s, f"{command!r} still ends with {code}: {said[-1500:]}"
            time.sleep(every_s)

    def wait_for_answers(self, *, timeout_s: float = 600) -> None:
        """Wait until the agent answers; what waits is the board's shell, which costs it least."""
        self.run("until [ -S /run/aislewatch/api.sock ]; do sleep 1; done", timeout_s=timeout_s)
        self.eventually(f"{STATUS} | grep -q '^{{'", timeout_s=timeout_s)

    def wait_for_camera(self, *, timeout_s: float = 600) -> None:
        """Wait until the agent answers and has looked at pictures with its model."""
        self.wait_for_answers(timeout_s=timeout_s)
        self.eventually(f"{STATUS} | grep -E '\"inferred\": ?[1-9]'", timeout_s=timeout_s, every_s=5)

    def wait_for_growth(self, *, timeout_s: float = 300) -> None:
        """Wait until the data partition has the whole card."""
        unit = "aislewatch-grow"
        self.eventually(f"systemctl is-active {unit} || (journalctl -b -u {unit} -o cat; false)", timeout_s=timeout_s)

    def status(self) -> dict[str, Any]:
        """The agent's own status."""
        facts: dict[str, Any] = json.loads(self.eventually(f"{STATUS} | grep '^{{'", timeout_s=400))
        return facts

    def cut(self) -> None:
        """Pull the plug."""
        if self._console is not None:
            os.kill(self.console.pid, signal.SIGKILL)
            self.console.wait()
            self._unplugged()

    def go_on(self, seconds: float) -> None:
        """Let it run for so long; it is started anew whenever it resets by itself."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            if self.console.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=left_s) == 0:
                self._unplugged()
                self.power_on()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Meanwhile it stands still, its clock too, and the card is as a power cut would leave it."""
        self.go_on(0.1)  # not in the moment in which it resets
        self._monitor("stop")
        try:
            yield
        finally:
            self._monitor("cont")

    @contextmanager
    def cut_copy(self, folder: Path) -> Iterator[Board]:
        """Another board with the card as a power cut would leave it now; meanwhile this one stands still."""
        with self.stopped():
            copy = Board.flashed(self.card, folder, self.serial)
            try:
                yield copy
            finally:
                copy.cut()
                copy.card.unlink()

    def _monitor(self, order: str) -> None:
        """Give the emulator an order; it is done when this returns."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30)
            monitor.connect(str(self._monitor_path))
            for said in ("", order + "\n"):
                monitor.sendall(said.encode())
                heard = b""
                while not heard.endswith(b"(qemu) "):
                    heard += monitor.recv(4096)

    def wait_for_reset(self, *, timeout_s: float = 120) -> float:
        """Wait until the machine resets by itself; the seconds that took."""
        begun = time.monotonic()
        self.console.expect(pexpect.EOF, timeout=timeout_s)
        self._unplugged()
        return time.monotonic() - begun

    def _unplugged(self) -> None:
        self.console.close()
        self.console.logfile_read.close()
        self._console = None

    def _network(self) -> str:
        """The shop's network: a tap in a namespace, else qemu's own with the camera's door on the host's loopback."""
        if self.namespace is not None:
            return f"tap,id=shop,ifname={TAP},script=no,downscript=no"
        return f"user,id=shop,hostfwd=tcp:127.0.0.1:{self.port}-:8743"

    def _device_tree(self) -> Path:
        """qemu's own device tree, made to say that this is a Pi, without what a Pi has not: keys, empty sockets."""
        tree = self.card.with_suffix(".dtb")
        run(["qemu-system-aarch64", "-M", f"virt,dumpdtb={tree}", *_MACHINE, "-display", "none", "-nic", "none"])
        nodes = run(["fdtget", "-l", tree, "/"]).split()
        for node in nodes:
            if node.startswith(("pl061", "gpio-keys", "gpio-restart", "gpio-poweroff", "virtio_mmio")):
                run(["fdtput", "-r", tree, f"/{node}"])
        run(["fdtput", "-ts", tree, "/", "model", MODEL])
        run(["fdtput", "-ts", tree, "/", "serial-number", self.serial])
        run(["fdtput", "-p", "-c", tree, "/system"])
        run(["fdtput", "-tx", tree, "/system", "linux,revision", "c03114"])
        return tree


def missing_programs() -> list[str]:
    """What this host lacks for an emulated board."""
    return [name for name in ("qemu-system-aarch64", "fdtput", "mcopy") if shutil.which(name) is None]
