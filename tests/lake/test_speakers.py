import os
import stat
from pathlib import Path

import pytest

from affectflow.errors import LakeError, StorageError
from affectflow.lake import speakers
from affectflow.lake.speakers import check_value, create_key, pseudonym, read_key

KEY = bytes(range(32))
TEXT = KEY.hex()
OTHER = bytes(32)


def settings(key=KEY, lake_id="lake"):
    return {"id": lake_id, "speaker_key_check": check_value(key)}


def key_file(tmp_path, text=TEXT):
    path = tmp_path / "key"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(path)


def test_an_account_has_one_pseudonym_for_ever():
    # BLAKE2b keyed with the bytes 0..31 over `github`, a zero byte and `ada`.
    assert pseudonym("github", "ada", KEY) == "e9b98c7d22df6f24041ff1989261c180"


@pytest.mark.parametrize(
    ("source", "account", "key"),
    [
        pytest.param("slack", "ada", KEY, id="another source"),
        pytest.param("github", "Ada", KEY, id="another account"),
        pytest.param("github", "ada", OTHER, id="another key"),
        pytest.param("githu", "bada", KEY, id="the same letters, cut elsewhere"),
    ],
)
def test_other_people_have_other_pseudonyms(source, account, key):
    assert pseudonym(source, account, key) != pseudonym("github", "ada", KEY)


def test_a_key_is_made_where_there_is_none_and_kept(tmp_path):
    uri = str(tmp_path / "keys" / "key")

    first, second = create_key("lake", uri), create_key("lake", uri)

    assert first == second
    assert len(first) == speakers.KEY_BYTES
    assert os.listdir(tmp_path / "keys") == ["key"]


def test_two_lakes_have_two_keys():
    assert create_key("one") != create_key("two")


def test_a_key_is_the_owners_only():
    create_key("private")

    path = Path(speakers.default_key_path("private"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_are_in_the_users_configuration_folder(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/configuration")
    assert speakers.default_key_path("x") == "/configuration/affectflow/keys/x.key"

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert speakers.default_key_path("x") == "/home/ada/.config/affectflow/keys/x.key"


def test_the_key_of_a_lake_is_read(tmp_path):
    assert read_key(settings(), key_file(tmp_path, KEY.hex() + "\n")) == KEY


def test_the_key_of_another_lake_is_refused(tmp_path):
    with pytest.raises(LakeError, match=r"belongs to another lake.*--speaker-key-uri"):
        read_key(settings(OTHER), key_file(tmp_path))


def test_a_key_that_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(LakeError, match=r"is not at '.*/nothing'; name the file"):
        read_key(settings(), str(tmp_path / "nothing"))


@pytest.mark.parametrize("use", ["create", "read"])
@pytest.mark.parametrize(
    "text",
    [
        # An empty key would be no key: plain hashes, which anybody can look up.
        pytest.param("", id="empty"),
        pytest.param(KEY.hex()[:-2], id="too short"),
        pytest.param(KEY.hex() * 3, id="too long"),
        pytest.param("\udcff\udc80\udcfe\udc81\udcc0", id="no text"),
        pytest.param("not hexadecimal", id="no hexadecimal digits"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path, text, use):
    uri = key_file(tmp_path, text)

    with pytest.raises(LakeError, match=r"is not a speaker key: .*--speaker-key-uri"):
        create_key("lake", uri) if use == "create" else read_key(settings(), uri)


def test_a_key_that_cannot_be_kept_is_put_elsewhere_by_an_option(tmp_path, monkeypatch):
    (tmp_path / "config").touch()  # a file, where a folder would be made
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    with pytest.raises(StorageError, match=r"\(Not a directory\): .*--speaker-key-uri"):
        create_key("lake")


def test_a_folder_is_no_key(tmp_path):
    with pytest.raises(StorageError):
        read_key(settings(), str(tmp_path))


def test_the_check_value_tells_keys_apart_and_gives_none_away():
    assert check_value(KEY) != check_value(OTHER)
    assert KEY.hex()[:8] not in check_value(KEY)
