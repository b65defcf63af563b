"""Configuration, model, events, inputs, log and time as a technician types them, against a whole camera."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli.watching import event_line, input_lines, log_line
from tests.cli.camera import aislewatch
from tests.e2e.camera import config_text
from tests.e2e.test_commands import lives_of
from tools.loopback import free_port

pytestmark = pytest.mark.timeout(240)


async def test_a_configuration_is_compared_applied_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(config_text(tmp_path, port=free_port()))
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        other = tmp_path / "other.toml"
        shown = await aislewatch("config", "show", "--out", other, url=url)
        assert (shown.code, other.read_text(), other.stat().st_mode & 0o777) == (0, path.read_text(), 0o600)
        assert (await aislewatch("config", "diff", other, url=url)).code == 0
        other.write_text(other.read_text().replace('name = "test"', 'name = "till-4"'))
        changes = await aislewatch("config", "diff", other, url=url)
        assert (changes.code, '+name = "till-4"' in changes.out) == (1, True)
        kept = await aislewatch("config", "apply", other, "--reason", "its name", "--json", url=url)
        assert (kept.code, kept.json[-1]["state"]) == (0, "confirmed"), kept
        assert 'name = "till-4"' in path.read_text()
        broken = tmp_path / "broken.toml"
        broken.write_text(path.read_text().replace("fps = 10", "fps = 0"))
        assert "camera.fps" in (await aislewatch("config", "apply", broken, "--reason", "x", url=url)).err
        before = path.read_text()
        broken.write_text(before.replace(f'data_dir = "{tmp_path}"', 'data_dir = "/dev/null/x"'))
        back = await aislewatch("config", "apply", broken, "--reason", "a folder that cannot be", url=url)
        assert (back.code, "taken back" in back.out, path.read_text()) == (1, True, before), back


async def test_a_camera_tells_what_happens_what_it_logs_and_what_time_it_is(tmp_path: Path) -> None:
    door = '\n[[input]]\nname = "door"\nkind = "door"\n'
    (tmp_path / "camera.toml").write_text(config_text(tmp_path) + door)
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        told = (await aislewatch("events", "tail", "--for", "4", "--recent", "--json", url=url)).json
        assert {"restricted"} <= {str(one.get("kind")) for one in told}
        grave = (await aislewatch("events", "tail", "--for", "3", "--recent", "--least", "critical", url=url)).out
        assert "restricted open" in grave
        assert " start " not in grave
        (door_now,) = (await aislewatch("inputs", "watch", "--for", "0", "--json", url=url)).json
        assert (door_now["name"], door_now["active"]) == ("door", None)
        assert "unheard" in (await aislewatch("inputs", url=url)).out
        assert (await aislewatch("logs", "--level", "critical", url=url)).code == 0
        clock = (await aislewatch("time", "--json", url=url)).json[0]
        assert abs(clock["off_by_s"]) <= 2 * clock["give_or_take_s"] + 0.1
        wrong = await aislewatch("model", "use", "movenet-lightning", "--reason", "x", url=url)
        assert (wrong.code, "is a model for pose" in wrong.err) == (3, True)


async def test_another_model_is_used(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text(config_text(tmp_path, port=free_port()))
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        used = await aislewatch("model", "use", "person-s", "--reason", "a small board", url=url)
        assert used.code == 0, used
        status = (await aislewatch("status", "--json", url=url)).json[0]
        assert status["model"]["name"] == "person-s"


def test_lines_are_plain_without_a_terminal() -> None:
    health = {"type": "health", "what": "covered", "state": "fault", "t_s": 1.0, "utc": "2026-01-01T10:20:30.000Z"}
    assert event_line({**health, "detail": "a bag"}) == "10:20:30  ✘ fault     covered  detail=a bag"
    one = {"name": "door", "kind": "door", "active": True, "changed_age_s": 3.2, "source": "pin"}
    assert [*input_lines([one])] == ["▲ ACTIVE    door             door    by pin  for 3 s"]
    assert [*input_lines([])] == ["no inputs are configured: add an [[input]]"]
    line = {"n": 1, "utc": "2026-01-01T10:20:30.000Z", "level": "error", "name": "agent.app", "text": "no"}
    assert log_line(line) == "2026-01-01T10:20:30.000Z  ✘ error     agent.app: no"
