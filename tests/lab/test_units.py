"""The real units in a booted system: supervised, sandboxed, and quiet once the agent is gone."""

from __future__ import annotations

import json
import time

import pytest

from tests.lab.nspawn import AGENT, Machine

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

WATCHDOG_S, ABORT_S, RESTART_S = 10.0, 3.0, 2.0
RELEASE_S = 2.0
STARTED = "Started aislewatch.service"


def sounding(machine: Machine) -> None:
    """Wait until the agent is ready and somebody in the shop made the siren go on."""
    machine.until_ready()
    machine.eventually(machine.siren, 60)


def silence_after(machine: Machine, since_s: float, limit_s: float) -> float:
    """How long after `since_s` the siren went off."""
    while machine.siren():
        assert time.monotonic() - since_s < limit_s, f"the siren is still on {limit_s:g} s later"
        time.sleep(0.01)
    return time.monotonic() - since_s


def test_the_agent_says_that_it_is_ready_and_what_it_does(camera: Machine) -> None:
    facts = camera.facts(AGENT, "ActiveState", "SubState", "StatusText", "Result", "NotifyAccess", "WatchdogUSec")
    assert facts["ActiveState"] == "active"
    assert facts["SubState"] == "running"
    assert facts["StatusText"] == "watching as test"
    assert facts["Result"] == "success"
    assert facts["NotifyAccess"] == "main"
    assert facts["WatchdogUSec"] == "10s"


def test_no_unit_of_ours_failed_or_complained(camera: Machine) -> None:
    assert "aislewatch" not in camera.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert not camera.said("systemd-sysusers.service", "Conflict")


def test_it_starts_after_the_first_boot_was_done_with(camera: Machine) -> None:
    finished = camera.said("aislewatch-firstboot.service", "Finished")
    starting = camera.said(AGENT, "Starting")
    assert finished
    assert starting
    assert finished.t_s < starting.t_s


def test_its_folders_are_its_own(camera: Machine) -> None:
    for folder, mode in (("/var/lib/aislewatch", "700"), ("/run/aislewatch", "750"), ("/etc/aislewatch", "750")):
        assert camera.run("stat", "--format=%U:%G %a", folder).stdout.strip() == f"aislewatch:aislewatch {mode}"
    assert camera.run("id", "--user", "aislewatch").stdout.strip() == "870"


def test_root_and_its_group_may_ask_it_and_nobody_else(camera: Machine) -> None:
    camera.until_ready()
    ask = ("aislewatch", "status", "--json")
    camera.run("useradd", "--groups", "aislewatch", "technician")
    camera.run("useradd", "visitor")
    assert camera.run(*ask).returncode == 0
    assert camera.run("runuser", "-u", "technician", "--", *ask).returncode == 0
    refused = camera.run("runuser", "-u", "visitor", "--", *ask, "--url", "unix:/run/aislewatch/api.sock", check=False)
    assert refused.returncode == 3


def test_an_alarm_ends_within_two_seconds_of_the_agents_sudden_death(camera: Machine) -> None:
    sounding(camera)
    killed_s = camera.signal("KILL")
    assert silence_after(camera, killed_s, RELEASE_S) <= RELEASE_S
    camera.until_restarted()
    gone = camera.said(AGENT, "Main process exited", killed_s)
    assert gone
    back = camera.said(AGENT, STARTED, gone.t_s)
    assert back
    assert back.t_s - gone.t_s >= RESTART_S


def test_a_hung_agent_is_killed_its_siren_ends_and_the_log_says_where_it_hung(camera: Machine) -> None:
    sounding(camera)
    stopped_s = camera.signal("STOP")
    entry = camera.eventually(lambda: camera.said(AGENT, "Watchdog timeout", stopped_s), WATCHDOG_S + 2)
    assert WATCHDOG_S / 2 - 1 <= entry.t_s - stopped_s <= WATCHDOG_S + 1
    silence_after(camera, entry.t_s, ABORT_S + RELEASE_S)
    camera.until_restarted()
    lines = [entry.text for entry in camera.journal(AGENT, stopped_s)]
    assert "Fatal Python error: Aborted" in lines
    assert sum(line.startswith(("Thread 0x", "Current thread 0x")) for line in lines) > 3


def test_a_stop_is_orderly_and_leaves_nothing_on(camera: Machine) -> None:
    sounding(camera)
    since_s = time.monotonic()
    camera.run("systemctl", "stop", AGENT)
    assert not camera.siren()
    facts = camera.facts(AGENT, "Result", "ExecMainStatus", "ExecStopPost")
    assert (facts["Result"], facts["ExecMainStatus"]) == ("success", "0")
    assert "status=0" in facts["ExecStopPost"]
    assert camera.said(AGENT, "off: siren", since_s)
    camera.run("systemctl", "start", AGENT)


def test_it_is_started_again_however_often_it_dies(camera: Machine) -> None:
    deaths = 7  # systemd's own default gives up after five within ten seconds
    for _ in range(deaths):
        camera.signal("KILL")
        camera.until_restarted()
    assert int(camera.fact(AGENT, "NRestarts")) >= deaths


def test_a_mistake_in_the_configuration_is_said_and_overcome(camera: Machine) -> None:
    file = camera.root / "etc/aislewatch/config.toml"
    good, since_s = file.read_text(), time.monotonic()
    file.write_text(good.replace("fps = 10", "fps = -1"))
    camera.run("systemctl", "restart", "--no-block", AGENT)
    camera.eventually(lambda: camera.said(AGENT, "camera.fps", since_s), 60)
    file.write_text(good)
    camera.until_ready()


def test_the_sandbox_holds(camera: Machine) -> None:
    result = probe(camera)
    assert result["held"] == {
        "Uid": "870\t870\t870\t870",
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    allowed = {name for name, outcome in result["outcomes"].items() if outcome == "done"}
    assert allowed == {"keep state", "use the runtime folder", "use a private /tmp", "internet sockets"}


def probe(machine: Machine) -> dict[str, dict[str, str]]:
    """What a program may do under the agent's own unit."""
    unit = (machine.root / "usr/lib/systemd/system" / AGENT).read_text()
    supervision = ("Type=", "Notify", "Exec", "Restart", "Watch", "StartLimit")
    kept = [line for line in unit.splitlines() if line.startswith("ExecPaths") or not line.startswith(supervision)]
    start = "[Service]\nType=oneshot\nExecStart=/usr/bin/python3 /usr/lib/aislewatch/probe.py"
    (machine.root / "etc/systemd/system/probe.service").write_text("\n".join(kept).replace("[Service]", start))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "stop", AGENT)  # two units cannot have one runtime folder at once
    since_s = time.monotonic()
    machine.run("systemctl", "start", "probe.service", check=False)
    machine.run("systemctl", "start", AGENT)
    said = [entry.text for entry in machine.journal("probe.service", since_s)]
    found: dict[str, dict[str, str]] = json.loads(next((line for line in said if line.startswith("{")), str(said)))
    return found
