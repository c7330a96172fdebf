"""What a new user copies is what the settings are."""

import re
from pathlib import Path

import pytest

from watchhouse.errors import SettingsError
from watchhouse.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_with_its_default() -> None:
    shown = dict(re.findall(r"^#WATCHHOUSE_(\w+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE))

    defaults = {
        name.upper(): "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert {name: value.removesuffix(".0") for name, value in defaults.items()} == shown


def test_a_variable_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHHOUSE_KEEP_RELEASES", "none")

    with pytest.raises(SettingsError, match=r"WATCHHOUSE_KEEP_RELEASES: .* integer"):
        load_settings()


@pytest.mark.parametrize(
    ("home", "problem"), [("", "is empty"), ("~no-such-user-1/x", "there is no such user")]
)
def test_a_home_that_is_no_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHHOUSE_HOME", home)

    with pytest.raises(SettingsError, match=rf"WATCHHOUSE_HOME: .*{problem}"):
        load_settings()
