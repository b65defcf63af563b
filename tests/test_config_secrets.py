"""Secrets are left out of a configuration's text and put back where they were, whoever has changed it meanwhile."""

from __future__ import annotations

import string
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import LISTS, TABLES, parse_config
from agent.config_secrets import stood_in, ways_changed, with_secrets, without_secrets
from agent.errors import ConfigError, OperatorError
from agent.schema import secret, settings_of

DOOR, TILL, PASSWORD = "T0ken-of-the-door-button-4711", "T0ken-of-the-door-button-4711-till", "hunter2-of-recorder"
TEXT = f"""# the old token was {DOOR}
[camera]
name = "till-4"
source = "rtsp://admin:{PASSWORD}@192.0.2.7/1"
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0, 0], [1, 0], [1, 1]]
[[input]]
name = "door"
kind = "door"
token = "{DOOR}" # from the shop
[[input]]
kind = "door"
token = '{DOOR}'
name = "back"
[[till]]
terminal = "1"
zone = "till"
token = "{TILL}"
"""
MARK = "(hidden-secret:input:door)"


def test_what_is_shown_holds_no_secret_and_comes_back_whole() -> None:
    shown = without_secrets(TEXT)
    for hidden in (DOOR, TILL, PASSWORD):
        assert hidden not in shown
    assert "admin:***@192.0.2.7" in shown
    assert tomllib.loads(with_secrets(shown, TEXT)) == tomllib.loads(TEXT)
    changed = with_secrets(shown.replace('"till-4"', '"till-5"'), TEXT)
    assert tomllib.loads(changed)["camera"] == {"name": "till-5", "source": f"rtsp://admin:{PASSWORD}@192.0.2.7/1"}


def test_a_whole_text_goes_through_as_it_is() -> None:
    assert with_secrets(TEXT, TEXT) == TEXT
    assert with_secrets("[camera]\n", TEXT) == "[camera]\n"
    assert without_secrets("# plain\n[camera]\n") == "# plain\n[camera]\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "door"', 'name = "front"'),
        ('name = "till-4"', f'name = "{MARK}"'),
        ('zone = "till"', f'"{MARK}" = 1\nzone = "till"'),
        ("192.0.2.7", "198.51.100.66"),
        ('terminal = "1"', 'terminal = "2"'),
        ('name = "till-4"', 'name = "till-4"\n[mqtt]\nhost = "rtsp://admin:***@192.0.2.7/1"'),
        ("(hidden-secret:till:1)", MARK),
    ],
)
def test_a_mark_counts_at_its_own_place_alone(old: str, new: str) -> None:
    changed = without_secrets(TEXT).replace(old, new)
    assert changed != without_secrets(TEXT)
    with pytest.raises(ConfigError, match="keeps no such secret") as told:
        with_secrets(changed, TEXT)
    assert not any(hidden in str(told.value) for hidden in (DOOR, TILL, PASSWORD))


def test_a_mark_is_no_secret_by_itself() -> None:
    with pytest.raises(ConfigError, match="left out"):
        parse_config(f'[[input]]\nname = "door"\nkind = "door"\ntoken = "{MARK}"\n')
    assert parse_config(stood_in(without_secrets(TEXT))).inputs[0].name == "door"


def test_what_cannot_be_left_out_safely_is_not_shown() -> None:
    inline = f'input = [{{ name = "door", kind = "door", token = "{DOOR}" }}]\nzone = []\n'
    assert DOOR not in without_secrets(inline)
    escaped = TEXT.replace(f"token = '{DOOR}'", 'token = """\\\nT0ken-of-the-\\u0064oor-button-4712"""')
    with pytest.raises(OperatorError, match="cannot be left out"):
        without_secrets(escaped.replace("token =", '"token" ='))


def test_whoever_sees_no_secrets_sends_the_camera_nowhere_else() -> None:
    assert ways_changed(TEXT.replace('"till-4"', '"till-5"'), TEXT) == []
    assert ways_changed(TEXT + '[mqtt]\nhost = "evil.example"\n[api]\nplain = true\n', TEXT) == ["api", "mqtt"]


def test_every_secret_setting_stands_in_a_list_of_tables_by_its_name() -> None:
    alone = [kind for kind in TABLES.values() for one in settings_of(kind).values() if one.check is secret]
    assert alone == []
    kinds = [kind for _, kind in LISTS.values() if any(one.check is secret for one in settings_of(kind).values())]
    assert [next(iter(settings_of(kind))) for kind in kinds] == ["name", "terminal"]


TOKENS = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=16, max_size=40)


@given(TOKENS, st.lists(st.sampled_from(["door", "back", "side"]), unique=True, min_size=1))
def test_any_token_survives_the_round_trip_and_never_shows(token: str, names: list[str]) -> None:
    written = token.replace("\\", "\\\\").replace('"', '\\"')
    text = "".join(f'[[input]]\nname = "{name}"\nkind = "door"\ntoken = "{written}"\n' for name in names)
    shown = without_secrets(text)
    assert token not in shown
    assert tomllib.loads(with_secrets(shown, text)) == tomllib.loads(text)
