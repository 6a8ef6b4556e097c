"""Pseudonyms: keyed hashes of accounts, and the key that stays out of the lake."""

import functools
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from typing import Any

from affectflow.buckets import open_url
from affectflow.errors import LakeError, StorageError
from affectflow.storage import Storage, absolute, storage_errors

KEY_BYTES = 32


def default_key_path(lake_id: str) -> str:
    """Returns where a lake's key is kept: in the user's configuration folder."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(home, "affectflow", "keys", f"{lake_id}.key")


def create_key(lake_id: str, key_uri: str = "") -> bytes:
    """Returns the key at `key_uri`, which is created if it does not exist.

    Raises:
      LakeError: the file is not a key.
      StorageError: the key cannot be written.
    """
    uri = absolute(key_uri or default_key_path(lake_id))
    folder, name = uri.rsplit("/", 1)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        Storage(folder).write_once(key.hex().encode(), name, private=True)
        content = Storage(folder).read(name)
    except StorageError as error:
        why = getattr(error.__cause__, "strerror", None) or error
        raise StorageError(
            f"the speaker key of the new lake cannot be written to {uri!r} ({why}): "
            "name a writable file with --speaker-key-uri"
        ) from error
    return _parse(content, uri)


def read_key(settings: dict[str, Any], key_uri: str = "") -> bytes:
    """Returns the key of a lake.

    Args:
      settings: of the lake, with `id` and `speaker_key_check`.
      key_uri: where the key is, if not in the user's configuration folder.

    Raises:
      LakeError: there is no key, or it is another lake's.
    """
    uri = absolute(key_uri or default_key_path(settings["id"]))
    fs, path = open_url(uri)
    with storage_errors(uri):
        if not fs.exists(path):
            raise LakeError(
                f"the speaker key of this lake is not at {uri!r}; name the file that "
                "holds it with --speaker-key-uri"
            )
        key = _parse(fs.cat_file(path), uri)
    if not hmac.compare_digest(check_value(key), settings["speaker_key_check"]):
        raise LakeError(
            f"the key at {uri!r} belongs to another lake: it would give the same "
            "people different pseudonyms; name the right one with --speaker-key-uri"
        )
    return key


def _parse(content: bytes, uri: str) -> bytes:
    try:
        key = bytes.fromhex(content.decode().strip())
    except ValueError as error:
        raise LakeError(
            _no_key(uri, "it is not written in hexadecimal digits")
        ) from error
    # BLAKE2 treats an empty key as none, and anyone could work out the pseudonyms.
    if len(key) != KEY_BYTES:
        raise LakeError(_no_key(uri, f"it has {len(key)} bytes, not {KEY_BYTES}"))
    return key


def _no_key(uri: str, why: str) -> str:
    return (
        f"{uri!r} is not a speaker key: {why}; name the file with the lake's key with "
        "--speaker-key-uri or, for a new lake, a file that does not exist yet"
    )


def check_value(key: bytes) -> str:
    """Returns a value that distinguishes keys without revealing them."""
    return hashlib.blake2b(b"", digest_size=16, key=key, person=b"af-check").hexdigest()


def pseudonym(source: str, account: str, key: bytes) -> str:
    """Returns the `speaker_id` of an account: 32 hexadecimal digits."""
    return _pseudonym(f"{source}\0{account}".encode(), key)


def pseudonyms(accounts: Iterable[bytes], key: bytes) -> list[str]:
    """Returns the `speaker_id` of accounts, each given as source, NUL and account."""
    return [_pseudonym(account, key) for account in accounts]


@functools.lru_cache(maxsize=1 << 16)  # frequent authors appear in every batch
def _pseudonym(message: bytes, key: bytes) -> str:
    return hashlib.blake2b(message, digest_size=16, key=key).hexdigest()
