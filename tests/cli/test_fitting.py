"""Aim, snapshot, walk test and zones as somebody on a ladder types them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import cv2
import pytest

from agent.cli import walking
from agent.cli.aiming import Best, brief, lines
from agent.cli.looks import bar, mark
from agent.cli.zones import Change, changed, points_of
from agent.errors import OperatorError
from agent.evidence.seal import sealed_by
from tests.cli.camera import aislewatch
from tests.e2e.camera import config_text
from tests.e2e.test_commands import lives_of
from tools.loopback import free_port

pytestmark = pytest.mark.timeout(150)
AIM = {
    "sharpness": 40.0, "tiles": [40.0, None, 1, 2, 3, 4, 5, 6, 7], "mean": 130.0, "spread": 90.0, "dark": 0.1,
    "bright": 0.0, "exposure": "ok", "advice": "", "tilt_deg": -4.0,
}  # fmt: skip


def test_focus_is_told_beside_the_best_that_was_seen() -> None:
    best = Best()
    assert best.take({**AIM, "sharpness": 60.0})["of_best"] == 1.0
    past = best.take(AIM)
    assert (past["best"], past["of_best"]) == (60.0, 0.667)
    assert "67% of the best, 60.0: turn back" in brief(past)
    assert "anticlockwise" in "\n".join(lines(past))
    nothing = best.take({**AIM, "sharpness": None, "tilt_deg": None})
    assert "nothing to focus on" in "\n".join(lines(nothing))


def test_marks_and_bars_survive_without_colour_and_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert (mark("fault", "broken"), bar(0.5, 4), bar(7.0, 2)) == ("x broken", "##..", "##")


def test_points_are_read_as_people_type_them() -> None:
    assert points_of("0.1,0.2 0.5,1;0,0") == [[0.1, 0.2], [0.5, 1.0], [0.0, 0.0]]
    for wrong in ("", "0.1", "a,b", "1,2,3"):
        with pytest.raises(OperatorError, match="are no points"):
            points_of(wrong)


async def test_a_camera_is_aimed_and_looked_at(tmp_path: Path) -> None:
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        (aim,) = (await aislewatch("aim", "--for", "0", "--json", url=url)).json
        assert (aim["type"], aim["of_best"], aim["exposure"]) == ("aim", 1.0, "ok")
        plain = await aislewatch("aim", "--for", "0", url=url, TERM="dumb")
        assert (plain.code, plain.out.startswith("focus "), "\x1b" in plain.out) == (0, True, False)
        out = tmp_path / "now.png"
        assert (await aislewatch("snapshot", "--zones", "--out", out, url=url)).code == 0
        picture = cv2.imread(str(out))
        assert picture is not None
        assert picture.shape == (360, 640, 3)
        drawn = await aislewatch("snapshot", url=url, TERM="dumb")
        assert max(map(len, drawn.out.splitlines())) <= 80
        assert len(set(drawn.out)) > 5
        wrong = await aislewatch("snapshot", "--out", tmp_path / "now.gif", url=url)
        assert (wrong.code, "ends in .png or .jpg" in wrong.err) == (3, True)


def test_while_a_mount_is_measured_it_says_whether_it_is_enough() -> None:
    facts: dict[str, Any] = {"for_s": 12.0, "places": [], "missing": [], "looks": 31, "measurable": False}
    assert "seen whole" not in "\n".join(walking.lines(facts))
    assert "seen whole 31 times" in "\n".join(walking.lines(facts, measuring=True))
    assert "walk on, alone, near and far" in "\n".join(walking.lines(facts, measuring=True))
    enough = "\n".join(walking.lines({**facts, "looks": 300, "measurable": True}, measuring=True))
    assert enough.endswith("enough")


async def test_who_measures_says_how_tall_they_are(tmp_path: Path) -> None:
    for options in (("--save",), ("--tape", "2.6")):
        said = await aislewatch("walk-test", *options, "--out", tmp_path, url="http://127.0.0.1:9")
        assert (said.code, "add --stature 1.78" in said.err) == (3, True), said


async def test_a_walk_test_ends_in_a_record_and_says_what_is_missing(tmp_path: Path) -> None:
    line = '\n[[line]]\nname = "far-corner"\npoints = [[0.0, 0.001], [0.01, 0.0]]\n'
    (tmp_path / "camera.toml").write_text(config_text(tmp_path) + line)
    out = tmp_path / "record"
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        walk = ("walk-test", "--for", "5", "--note", "unit 4", "--by", "kim", "--stature", "1.78", "--save")
        said = await aislewatch(*walk, "--out", out, url=url)
        assert said.code == 1, said
        assert "the mount was not measured: somebody was seen whole and alone in" in said.out
        assert "  -> walk alone for a minute" in said.out
        assert "mount" not in tomllib.loads((tmp_path / "camera.toml").read_text())
        assert "not passed: far-corner" in said.out
        assert "not yet:" in said.out
        record = json.loads((out / "record.json").read_bytes())
        assert (record["passed"], record["made"]["by"], record["made"]["note"]) == (False, "kim", "unit 4")
        for name in ("record.json", "record.html"):
            assert sealed_by((out / name).read_bytes(), (out / f"{name}.sig").read_bytes()) is not None
        assert (await aislewatch("verify", out)).code == 0
        (out / "record.html").write_bytes((out / "record.html").read_bytes().replace(b"unit 4", b"unit 5"))
        changed = await aislewatch("verify", out / "record.html", "--json")
        assert (changed.code, changed.json[0]["problems"]) == (1, ["the signature does not fit record.html"])
        assert hashlib.sha256((out / "record.json").read_bytes()).hexdigest() in (out / "record.html").read_text()


async def test_zones_are_drawn_checked_and_removed(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text(config_text(tmp_path, port=free_port()))
    async with lives_of(tmp_path) as lives:
        url = (await lives.next()).url
        assert "everywhere" in (await aislewatch("zones", "show", url=url)).out
        assert (await aislewatch("zones", "check", url=url)).code == 0
        corners = ("--points", "0,0 0.02,0 0.02,0.02", "--reason", "a vault")
        lost = await aislewatch("zones", "set", *corners, url=url)
        assert (lost.code, "which zone?" in lost.err) == (3, True)
        wrong = await aislewatch("zones", "set", "--name", "vault", "--kind", "cellar", *corners, url=url)
        assert (wrong.code, "zone[1].kind" in wrong.err) == (3, True), wrong
        put = await aislewatch("zones", "set", "--name", "vault", "--kind", "restricted", *corners, "--json", url=url)
        assert (put.code, put.json[-1]["state"]) == (0, "confirmed"), put
        doubts = await aislewatch("zones", "check", "--json", url=url)
        assert (doubts.code, {one["place"] for one in doubts.json}) == (1, {"zone vault"})
        file = tmp_path / "places.toml"
        file.write_text((await aislewatch("zones", "show", "--toml", url=url)).out)
        assert [zone["name"] for zone in tomllib.loads(file.read_text())["zone"]] == ["everywhere", "vault"]
        loud = await aislewatch("zones", "set", "--name", "vault", "--alarm", "siren", "--reason", "loud", url=url)
        assert loud.code == 0, loud
        rule = {"kind": "restricted", "severity": "critical", "zone": "vault", "actions": ["siren"]}
        assert tomllib.loads(lives.path.read_text())["rule"][-1] == rule
        gone = await aislewatch("zones", "set", "--name", "vault", "--remove", "--reason", "moved", url=url)
        assert gone.code == 0, gone
        left = tomllib.loads(lives.path.read_text())
        assert ([zone["name"] for zone in left["zone"]], len(left["rule"])) == (["everywhere"], 1)


def test_an_alarm_is_for_a_restricted_zone_and_can_be_taken_back() -> None:
    drawn: dict[str, Any] = {
        "zone": [{"name": "bar", "kind": "shelf", "polygon": []}, {"name": "den", "kind": "restricted", "polygon": []}],
        "rule": [{"kind": "restricted", "zone": "den", "severity": "info", "actions": ["lamp"]}],
    }
    with pytest.raises(OperatorError, match="for a restricted zone"):
        changed(drawn, Change(None, "zone", "bar", None, None, ["siren"], False))
    louder = changed(drawn, Change(None, "zone", "den", None, None, ["siren", "lamp"], False))
    assert louder["rule"] == [{**drawn["rule"][0], "actions": ["siren", "lamp"]}]
    assert changed(drawn, Change(None, "zone", "den", None, None, ["none"], False))["rule"] == []
