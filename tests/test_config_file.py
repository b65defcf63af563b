"""The configuration file through trials, crashes at every step, and edits of its zones."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config_file import ConfigFile, digest_of
from agent.config_text import places_in, tables_in, with_places, with_setting, with_tables
from agent.errors import ConfigError, OperatorError
from agent.trial import TrialState

OLD = '# as the fitter left it\n[camera]\nname = "old"\n'
NEW = '[camera]\nname = "new"\n'


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    path = tmp_path / "camera.toml"
    path.write_text(OLD)
    path.chmod(0o600)
    return ConfigFile(path)


def again(file: ConfigFile) -> ConfigFile:
    """The file as the next start finds it."""
    found = ConfigFile(file.path)
    found.start()
    return found


def test_a_trial_that_is_confirmed_stays_and_keeps_the_one_before(file: ConfigFile) -> None:
    file.try_out(NEW, reason="new name", by="kim", linked=False)
    assert file.text() == NEW
    running = again(file)
    assert running.trial is not None
    assert running.trial.starts == 1
    assert running.confirm().state == TrialState.CONFIRMED
    running.forget()
    later = again(file)
    assert (later.text(), later.trial) == (NEW, None)
    assert file.path.with_name("camera.toml.previous").read_text() == OLD
    assert {path.stat().st_mode & 0o777 for path in file.path.parent.iterdir()} == {0o600}


def test_a_start_that_does_not_last_brings_the_one_before_back(file: ConfigFile) -> None:
    file.try_out(NEW, reason="new name", linked=False)
    again(file)
    after_the_crash = again(file)
    assert after_the_crash.text() == OLD
    assert after_the_crash.trial is not None
    assert after_the_crash.trial.state == TrialState.ROLLED_BACK
    assert again(file).text() == OLD


def test_a_crash_before_the_new_one_stood_there_leaves_the_old_one(file: ConfigFile) -> None:
    file.try_out(NEW, reason="new name", linked=False)
    file.path.write_text(OLD)  # as if the last of the three steps had not been done
    found = again(file)
    assert (found.text(), found.trial, found.last) == (OLD, None, None)


def test_only_one_at_a_time_and_only_from_what_was_seen(file: ConfigFile) -> None:
    with pytest.raises(OperatorError, match="changed meanwhile"):
        file.try_out(NEW, reason="", linked=False, base=digest_of(NEW))
    file.try_out(NEW, reason="", linked=False, base=digest_of(OLD))
    with pytest.raises(OperatorError, match="on trial"):
        file.try_out(OLD, reason="", linked=False)


def test_every_mistake_is_told_and_nothing_is_changed(file: ConfigFile) -> None:
    with pytest.raises(ConfigError) as told:
        file.try_out('[camera]\nname = 3\nfps = "x"\n[kamera]\n', reason="", linked=False)
    assert len(told.value.problems) == 3
    assert (file.text(), file.trial) == (OLD, None)
    assert [path.name for path in file.path.parent.iterdir()] == ["camera.toml"]


def test_a_disk_that_does_not_take_it_is_told(file: ConfigFile) -> None:
    file.path.with_name("camera.toml.previous.part").mkdir()
    with pytest.raises(OperatorError, match="cannot write"):
        file.try_out(NEW, reason="", linked=False)
    assert (file.text(), again(file).trial) == (OLD, None)


def test_a_trial_that_cannot_be_read_is_none(file: ConfigFile) -> None:
    file.path.with_name("camera.toml.trial").write_text('{"sha256": ')
    found = again(file)
    assert (found.trial, found.text()) == (None, OLD)


SHOP = """# my shop
[camera]
name = "aisle-3"   # by the door

[[zone]]  # the old shelf
name = "wine"
kind = "high_value"
polygon = [
  [0.1, 0.1],
  [0.4, 0.1],
  [0.4, 0.9],
]

[[rule]]
kind = "loitering"
zone = "wine"

[[line]]
name = "exit"
points = [[0.88, 0.0], [0.88, 1.0]]
"""
WINE = {"name": "wine", "kind": "high_value", "polygon": [[0, 0.5], [1, 0.5], [1, 1.0]]}


def test_zones_are_replaced_and_all_else_stays_as_it_was_written() -> None:
    changed = with_places(SHOP, [WINE, {**WINE, "name": "tea", "report_dwell": True}], None)
    assert [zone["name"] for zone in places_in(changed)["zones"]] == ["wine", "tea"]
    assert places_in(changed)["lines"] == places_in(SHOP)["lines"]
    for kept in ("# my shop", 'name = "aisle-3"   # by the door', '[[rule]]\nkind = "loitering"'):
        assert kept in changed
    assert "the old shelf" not in changed


def test_all_zones_may_go() -> None:
    assert places_in(with_places(SHOP, [], []))["zones"] == []


def test_a_text_that_cannot_be_changed_safely_is_refused() -> None:
    inline = 'zone = [{name = "a", polygon = [[0,0],[1,0],[1,1]]}]\n[camera]\nname = "x"\n'
    with pytest.raises(OperatorError, match="cannot be changed"):
        with_places(inline, [WINE], None)
    hidden = SHOP + '\n[api]\nhost = """\n[[zone]]\n"""\n'
    with pytest.raises(OperatorError, match="cannot be changed"):
        with_places(hidden, [WINE], None)


def test_what_toml_does_not_have_is_refused() -> None:
    with pytest.raises(OperatorError, match="dict cannot stand"):
        with_places(SHOP, [{"name": {"x": 1}}], None)


scalars = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20)
values = scalars | st.lists(scalars | st.lists(scalars, max_size=3), max_size=4)
Tables = list[dict[str, object]]
tables = st.lists(st.dictionaries(st.text(min_size=1, max_size=12), values, max_size=4), max_size=3)


@given(tables, tables)
def test_whatever_is_written_reads_back_or_is_refused(zones: Tables, lines: Tables) -> None:
    try:
        changed = with_places(SHOP, zones, lines)
    except OperatorError:
        return
    found = places_in(changed)
    assert found == {"zones": zones, "lines": lines}
    assert changed.startswith("# my shop\n[camera]")


@given(st.text(max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        with_places(text, [WINE], None)
    except OperatorError:
        return


MASK = {"polygon": [[0, 0], [0.1, 0], [0.1, 0.1]]}


def test_masks_and_rules_are_changed_as_zones_are() -> None:
    rules = [{"kind": "restricted", "zone": "wine", "actions": ["siren"]}]
    changed = with_tables(SHOP, {"privacy_mask": [MASK], "rule": rules, "zone": None})
    assert tables_in(changed, ("privacy_mask", "rule")) == {"privacy_mask": [MASK], "rule": rules}
    assert places_in(changed) == places_in(SHOP)
    assert "privacy_mask" not in with_tables(changed, {"privacy_mask": []})
    assert tables_in(with_tables("", {"zone": [WINE]}), ("zone", "line")) == {"zone": [WINE], "line": []}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[model]\n",
        '[model]\nname = "old"  # the fitter\'s words\nconfirm_score = 0.5\n',
        '[camera]\nname = "a"\n\n[model]\nconfirm_score = 0.5\n[[zone]]\nname = "name"\n',
    ],
)
def test_one_setting_is_changed_and_nothing_else(text: str) -> None:
    wanted = tomllib.loads(text)
    wanted.setdefault("model", {})["name"] = "person-s"
    changed = with_setting(text, "model", "name", "person-s")
    assert tomllib.loads(changed) == wanted
    assert len(changed.splitlines()) <= len(text.splitlines()) + 4


def test_a_setting_that_stands_in_an_unusual_manner_is_left_alone() -> None:
    with pytest.raises(OperatorError, match="cannot be changed"):
        with_setting('model = { name = "old" }\n', "model", "name", "new")
