"""Ids of GitHub's messages: the same in every shape that GitHub gives them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from affectflow.sources.rows import RefusedError

_API = re.compile(
    r"https?://[^/]+/(?:api/v\d/)?repos/([^/?#]+/[^/?#]+)"
    r"(?:/(issues|pulls|discussions|commits)/([0-9a-f]+)(?=[/?#]|$))?"
)
_HTML = re.compile(
    r"https?://(?!api\.)[^/]+/(?!api/)([^/?#]+/[^/?#]+)"
    r"(?:/(issues|pull|pulls|discussions|commit)/([0-9a-f]+)(?=[/?#]|$))?"
)
_URLS = (
    "html_url",
    "issue_url",
    "pull_request_url",
    "discussion_url",
    "url",
    "repository_url",
)


class Place(NamedTuple):
    """Where a message is: a repository, and a thread or a commit in it."""

    repository: str = ""
    family: str = ""
    key: str = ""

    @property
    def thread_id(self) -> str:
        """The id of the conversation; empty if it is not known."""
        if not self.repository or not self.key:
            return ""
        if self.family == "discussions":
            return f"{self.repository}/discussions/{self.key}"
        sign = "@" if self.family == "commits" else "#"
        return f"{self.repository}{sign}{self.key}"


_FAMILIES = {"pull": "issues", "pulls": "issues", "commit": "commits"}


def place_of_url(url: str) -> Place:
    """Returns the place that a URL of the web site, or of the API, names."""
    match = _API.match(url) or _HTML.match(url)
    if not match:
        return Place()
    repository, family, key = match.groups(default="")
    return Place(repository, _FAMILIES.get(family, family), key)


def place_of(record: Mapping[str, Any], parent: Place, *more: str) -> Place:
    """Returns where a message is, from its own URLs or else from its parent.

    `more` are the families that the thread may be of; any if none are given.
    """
    repository = ""
    for url in _urls(record):
        place = place_of_url(url)
        if place.thread_id and (not more or place.family in more):
            return place
        repository = repository or place.repository
    if parent.thread_id and (not more or parent.family in more):
        return parent
    return Place(repository or parent.repository, "", "")


def _urls(record: Mapping[str, Any]) -> Iterable[str]:
    for name in _URLS:
        url = record.get(name)
        if isinstance(url, str):
            yield url


def thread(record: Mapping[str, Any], parent: Place, family: str) -> Place:
    """Returns the place of an issue, a pull request or a discussion itself.

    Raises:
      RefusedError: the record does not say its number, or its repository.
    """
    place = place_of(record, parent)
    number = record.get("number")
    key = str(number) if isinstance(number, int) else ""
    if not key and place.family == family:
        key = place.key
    if not key:
        raise RefusedError("it has no number, and html_url has none", "missing_field")
    return Place(_repository(place), family, key)


def comment(record: Mapping[str, Any], parent: Place, *families: str) -> Place:
    """Returns the place of the thread that a comment belongs to.

    Raises:
      RefusedError: neither the comment nor what it came with says it.
    """
    place = place_of(record, parent, *families)
    _repository(place)
    if not place.key:
        raise RefusedError(
            "it has no html_url, issue_url or pull_request_url that names its thread",
            "missing_field",
        )
    return place


def native_id(record: Mapping[str, Any]) -> str:
    """Returns GitHub's number of a message.

    Raises:
      RefusedError: it has none.
    """
    number = record.get("id")
    if not isinstance(number, int | str) or isinstance(number, bool) or number == "":
        raise RefusedError("it has no id", "missing_field")
    return str(number)


def _repository(place: Place) -> str:
    if not place.repository:
        raise RefusedError(
            "it has no html_url, issue_url, pull_request_url or repository, so its "
            "repository is unknown",
            "missing_field",
        )
    return place.repository
