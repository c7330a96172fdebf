"""Pseudonyms and their key."""

import base64
import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import pytest

from watchhouse.errors import LakeError, SettingsError
from watchhouse.pseudonyms import Pseudonymiser, load_key, parse_key, require_same_key

KEY = bytes(range(32))


def test_a_pseudonym_is_the_first_half_of_a_keyed_hash() -> None:
    digest = hmac.new(KEY, "us\u00e9r-1".encode(), hashlib.sha256).digest()
    expected = base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
    got = Pseudonymiser(KEY).pseudonym("us\u00e9r-1")
    assert got == expected
    assert len(expected) == 22


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u2003"])
def test_a_blank_identifier_is_none(blank: str) -> None:
    assert Pseudonymiser(KEY).pseudonyms([blank, "a"])[0] is None


def test_white_space_around_an_identifier_counts() -> None:
    one, two = Pseudonymiser(KEY).pseudonyms(["a", " a"])
    assert one != two


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "pseudonym.key"
    key = load_key(path, given=None)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, given=None) == key
    assert bytes.fromhex(path.read_text()) == key


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from watchhouse.pseudonyms import load_key;"
        "print(load_key(Path(sys.argv[1]), given=None).hex())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "pseudonym.key")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


def test_a_given_key_wins_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    assert load_key(path, given=KEY.hex()) == KEY
    assert not path.exists()


def test_a_key_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    with pytest.raises(LakeError, match="pseudonym key is gone"):
        load_key(path, given=None, is_first=False)
    assert not path.exists()
    assert load_key(path, given=KEY.hex(), is_first=False) == KEY


def test_a_home_is_landed_under_one_key(tmp_path: Path) -> None:
    path = tmp_path / "home" / "pseudonym.check"
    require_same_key(path, KEY)
    written = path.parent.stat().st_mtime_ns
    require_same_key(path, KEY)
    assert path.parent.stat().st_mtime_ns == written, "a home that is read-only can be served"
    with pytest.raises(SettingsError, match="landed under another pseudonym key"):
        require_same_key(path, KEY[::-1])
    assert KEY.hex() not in path.read_text(encoding="ascii")


@pytest.mark.parametrize("text", ["", "ab", "x" * 64, "ab" * 33])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_key(text, origin="WATCHHOUSE_PSEUDONYM_KEY")
    assert str(caught.value).startswith("WATCHHOUSE_PSEUDONYM_KEY: ")
    assert not text or text not in str(caught.value)
