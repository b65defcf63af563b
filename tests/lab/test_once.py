"""What is done once in a camera's life or once an update, in a booted system; the programs called are stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.conftest import Boot
from tests.lab.nspawn import Machine

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

FIRST = "aislewatch-firstboot.service"
CONFIRM = "aislewatch-update-confirm.service"
FIRST_FOLDER, UPDATE_FOLDER = "var/lib/aislewatch-firstboot", "var/lib/aislewatch-update"


def calls(machine: Machine, folder: str) -> int:
    path = machine.root / folder / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def leave(name: str, text: str, folder: str) -> Callable[[Path], None]:
    """A change of the root: a file as an earlier boot or an updater left it."""

    def change(root: Path) -> None:
        (root / folder).mkdir(parents=True)
        (root / folder / name).write_text(text)

    return change


def test_the_first_boot_is_done_once(boot: Boot) -> None:
    with boot(lambda root: None) as machine:
        machine.until_ready()
        assert calls(machine, FIRST_FOLDER) == 1
        machine.run("systemctl", "restart", FIRST)
        assert machine.fact(FIRST, "ConditionResult") == "no"
        machine.reboot()
        machine.until_ready()
        assert calls(machine, FIRST_FOLDER) == 1


def test_a_first_boot_that_failed_is_done_again_and_the_camera_sees_meanwhile(boot: Boot) -> None:
    with boot(leave("fail", "", FIRST_FOLDER)) as machine:
        machine.until_ready()
        assert machine.fact(FIRST, "Result") == "exit-code"
        (machine.root / FIRST_FOLDER / "fail").unlink()
        machine.reboot()
        machine.until_ready()
        assert machine.fact(FIRST, "Result") == "success"
        assert calls(machine, FIRST_FOLDER) == 2
        assert (machine.root / FIRST_FOLDER / "done").exists()


def test_without_an_update_there_is_nothing_to_confirm(boot: Boot) -> None:
    with boot(lambda root: None) as machine:
        machine.until_ready()
        assert machine.facts(CONFIRM, "ConditionResult", "ActiveState") == {
            "ConditionResult": "no",
            "ActiveState": "inactive",
        }
        assert calls(machine, UPDATE_FOLDER) == 0


def test_a_good_update_is_kept(boot: Boot) -> None:
    with boot(leave("pending", "good", UPDATE_FOLDER)) as machine:
        machine.until_ready()
        machine.eventually(lambda: machine.fact(CONFIRM, "ActiveState") == "inactive", 60)
        assert machine.fact(CONFIRM, "Result") == "success"
        assert (calls(machine, UPDATE_FOLDER), machine.boots()) == (1, 1)


def test_a_bad_update_makes_the_camera_start_anew(boot: Boot) -> None:
    with boot(leave("pending", "bad", UPDATE_FOLDER)) as machine:
        machine.eventually(lambda: machine.boots() == 2, 60)
        machine.until_ready()
        assert calls(machine, UPDATE_FOLDER) == 1


def test_the_agents_user_may_restart_the_board_and_nothing_more(boot: Boot) -> None:
    with boot(lambda root: None) as machine:
        machine.until_ready()
        as_agent = ("runuser", "-u", "aislewatch", "--", "systemctl", "--no-ask-password")
        for forbidden in ("poweroff", "halt", "restart dbus.service"):
            assert machine.run(*as_agent, *forbidden.split(), check=False).returncode != 0
        assert machine.boots() == 1
        machine.run(*as_agent, "reboot", check=False)  # the bus may be gone before it has answered
        machine.eventually(lambda: machine.boots() == 2, 60)
