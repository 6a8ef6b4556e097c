"""A proxy before an emulator of Google Cloud Storage that lacks part of its XML API.

`deltalake` speaks the XML API: an upload is a PUT of the object's own path, and a list
may start after a name. fake-gcs-server knows uploads by the JSON API alone, and starts
every list at the first name. Conditions are kept by the emulator itself.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from tests.durability.bad_store import BadStore

CONDITION = "x-goog-if-generation-match"
_OF_UPLOADS = ("content-length", "content-type")
_LISTED = re.compile(rb"<Contents><Key>(.*?)</Key>.*?</Contents>", re.DOTALL)


class GoogleStore(BadStore):
    """Passes requests on to fake-gcs-server; in JSON what that lacks in XML."""

    def ask(self, method: str, path: str, body: bytes, headers: Any) -> Any:
        """Returns the store's own answer: status, headers, body."""
        given = {name.lower(): value for name, value in headers.items()}
        given.pop("host", None)  # the emulator knows itself by its own address
        asked = urlsplit(path)
        if method == "PUT" and not asked.query:
            return self._upload(asked.path, body, given)
        status, names, said = super().ask(method, path, body, given)
        for after in parse_qs(asked.query).get("start-after", ()):
            said = _after(said, after.encode())
        return status, names, said

    def _upload(self, path: str, body: bytes, given: dict[str, str]) -> Any:
        bucket, _, name = path[1:].partition("/")
        query = {"uploadType": "media", "name": unquote(name)}
        if CONDITION in given:
            query["ifGenerationMatch"] = given[CONDITION]
        where = f"/upload/storage/v1/b/{bucket}/o?{urlencode(query)}"
        kept = {k: v for k, v in given.items() if k in _OF_UPLOADS}
        status, _, said = super().ask("POST", where, body, kept)
        if status != 200:
            return status, [("Content-Type", "application/xml")], said
        told = json.loads(said)
        names = {"ETag": told["etag"], "x-goog-generation": told["generation"]}
        return 200, list(names.items()), b""


def _after(listed: bytes, name: bytes) -> bytes:
    """Returns a list without the names up to one."""
    return _LISTED.sub(lambda found: found[0] if found[1] > name else b"", listed)
