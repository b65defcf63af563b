"""What is drawn, as the page keeps it (plan.js), step by step in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PLAN = Path(__file__).parents[2] / "agent" / "web" / "static" / "plan.js"
DRAWN = """{sha256: "x", zone: [{name: "till", kind: "checkout", polygon: [[0, 0], [0.5, 0], [0.5, 0.5]]}],
    line: [{name: "door", points: [[0.1, 0.1], [0.9, 0.1]]}], privacy_mask: [], motion_mask: [], object_mask: [],
    rule: [{kind: "loitering", zone: "till"}, {kind: "line_crossing", line: "door"}]}"""
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node is installed (apt-get install nodejs)")


def after(tmp_path: Path, steps: str) -> Any:
    """What `answer` is after these steps with a plan of DRAWN."""
    (tmp_path / "plan.mjs").write_text(PLAN.read_text())
    script = tmp_path / "steps.mjs"
    script.write_text(f"""import {{ Plan, between, corners }} from "./plan.mjs";
        const plan = new Plan({DRAWN});
        const [till, door] = plan.shapes;
        let answer;
        {steps}
        console.log(JSON.stringify(answer));""")
    told = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(told.stdout)


def test_only_what_was_changed_is_sent(tmp_path: Path) -> None:
    answer = after(
        tmp_path, "const before = plan.changed; plan.setKind(till, 'queue'); answer = [before, plan.changes()];"
    )
    assert answer[0] is False
    assert list(answer[1]) == ["zone"]
    assert answer[1]["zone"][0]["kind"] == "queue"


def test_rules_go_along_with_a_name_and_with_what_is_deleted(tmp_path: Path) -> None:
    renamed, left = after(
        tmp_path,
        "plan.rename(till, 'counter'); answer = [plan.tables().rule]; plan.remove(door); answer.push(plan.rules);",
    )
    assert [rule.get("zone") for rule in renamed] == ["counter", None]
    assert [rule["kind"] for rule in left] == ["loitering"]


def test_every_step_can_be_undone(tmp_path: Path) -> None:
    answer = after(
        tmp_path,
        """plan.add("zone", [[0, 0], [1, 0], [1, 1]], "restricted"); plan.remove(till);
        plan.insert(door, 1, [0.5, 0.4]);
        const steps = plan.past.length; while (plan.undo()); answer = [steps, plan.changed];""",
    )
    assert answer == [3, False]


def test_nothing_leaves_the_picture_or_loses_its_last_corners(tmp_path: Path) -> None:
    moved, dropped, clamped = after(
        tmp_path,
        """plan.shift(till, 2, -1); answer = [JSON.parse(JSON.stringify(corners(till))), plan.drop(till, 0)];
        plan.move(till, 0, [-3, 9]); answer.push(corners(till)[0]);""",
    )
    assert moved == [[0.5, 0], [1, 0], [1, 0.5]]
    assert dropped is False
    assert clamped == [0, 1]


def test_a_restricted_zone_alarms_by_one_rule(tmp_path: Path) -> None:
    answer = after(
        tmp_path,
        """const made = plan.add("zone", [[0, 0], [1, 0], [1, 1]], "restricted"); answer = [made.row.name];
        plan.setAlarm(made, ["siren"]); plan.setAlarm(made, ["siren", "strobe"]); answer.push(plan.alarm(made));
        plan.setAlarm(made, []); answer.push(plan.rules.length); answer.push(plan.freeName("till"));""",
    )
    rule = {"kind": "restricted", "zone": "restricted", "severity": "critical", "actions": ["siren", "strobe"]}
    assert answer == ["restricted", rule, 2, "till-2"]


def test_new_corners_come_between_neighbours(tmp_path: Path) -> None:
    zone, line = after(tmp_path, "answer = [between(till), between(door)];")
    assert [one["point"] for one in zone] == [[0.25, 0], [0.5, 0.25], [0.25, 0.25]]
    assert line == [{"index": 1, "point": [0.5, 0.1]}]


SHELF = "plan.setKind(till, 'shelf'); const front = plan.addFront(till, [[0, 0.1], [0.4, 0.1], [0.4, 0.4]]);"


def test_a_shelf_has_a_front_that_is_changed_like_any_shape(tmp_path: Path) -> None:
    zones, count, undone = after(
        tmp_path,
        SHELF
        + """plan.remember(); plan.move(front, 0, [0.1, 0.2]);
        answer = [plan.tables().zone, plan.shapes.length]; plan.undo(); answer.push(plan.tables().zone[0].front[0]);""",
    )
    assert zones[0]["front"] == [[0.1, 0.2], [0.4, 0.1], [0.4, 0.4]]
    assert zones[0]["polygon"] == [[0, 0], [0.5, 0], [0.5, 0.5]]
    assert count == 3
    assert undone == [0, 0.1]


def test_a_front_goes_alone_or_with_what_makes_the_zone_a_shelf(tmp_path: Path) -> None:
    alone, rules = after(tmp_path, SHELF + "plan.remove(front); answer = [plan.tables().zone[0], plan.rules.length];")
    assert "front" not in alone
    assert alone["name"] == "till"
    assert rules == 2
    other = after(
        tmp_path, SHELF + "plan.setKind(till, 'queue'); answer = [plan.tables().zone[0], plan.shapes.length];"
    )
    assert "front" not in other[0]
    assert other[1] == 2


def test_in_and_out_are_swapped_by_turning_the_line(tmp_path: Path) -> None:
    turned, back = after(
        tmp_path,
        """const now = () => plan.tables().line[0].points;
        plan.turn(door); answer = [now()]; plan.undo(); answer.push(now());""",
    )
    assert turned == [[0.9, 0.1], [0.1, 0.1]]
    assert back == [[0.1, 0.1], [0.9, 0.1]]


def test_what_the_camera_refuses_is_found_by_its_path(tmp_path: Path) -> None:
    found = after(
        tmp_path,
        SHELF
        + """answer = ["zone[0].polygon[2]", "zone[0].front", "line[0].points", "rule[1].line", "zone[7].name", "()"]
            .map((path) => { const one = plan.at(path); return one ? [one.table, one.row.name] : null; });""",
    )
    assert found == [["zone", "till"], ["front", "till"], ["line", "door"], ["line", "door"], None, None]


def test_what_was_drawn_before_is_gone_on_with_and_undone_in_one_step(tmp_path: Path) -> None:
    answer = after(
        tmp_path,
        f"""plan.setKind(till, "shelf"); plan.addFront(till, [[0, 0], [0.4, 0], [0.4, 0.4]]); plan.remove(door);
        const drawn = plan.tables();
        const anew = new Plan({DRAWN});
        anew.resume(drawn);
        answer = [anew.changes(), plan.changes(), anew.shapes.length, anew.undo(), anew.changed];""",
    )
    assert answer[0] == answer[1]
    assert list(answer[0]) == ["zone", "line", "rule"]
    assert answer[2:] == [2, True, False]
