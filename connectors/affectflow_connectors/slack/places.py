"""Where a Slack message is: its channel, and what an export says about it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from affectflow.sources.fields import inner, objects, word

LISTS = {
    "channels.json": "public",
    "groups.json": "private",
    "dms.json": "direct",
    "mpims.json": "direct",
}
"""Files of an export that list channels, and who may read those."""

USERS = "users.json"
NO_MESSAGES = {
    *LISTS,
    USERS,
    "canvas_in_the_conversation.json",
    "canvases.json",
    "external_canvas.json",
    "file_conversations.json",
    "huddle_transcripts.json",
    "integration_logs.json",
    "lists.json",
    "org_users.json",
    "team.json",
}
"""Files of an export that contain no messages."""

_ID = re.compile(r"(?<![A-Za-z0-9])([CGD][A-Z0-9]{7,12})(?![A-Za-z0-9])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json[a-z.]*$")
_SAYS_NOTHING = re.compile(
    r"api|archive|channels?|conversations?|data|dump|export|history|messages?|out"
    r"|pages?|repl(?:y|ies)|response|slack|threads?|web|\d+|",
    re.I,
)
_BY_KIND = {"channel": "public", "group": "private", "im": "direct", "mpim": "direct"}


class Channel(NamedTuple):
    """One channel: what ids are made of, its name, and who may read it."""

    key: str = ""
    name: str = ""
    visibility: str = "unknown"

    @property
    def container(self) -> str | None:
        """The name; empty for a direct channel, which is named after people."""
        if self.visibility == "direct":
            return None
        return self.name or self.key or None


class Workspace(NamedTuple):
    """The lists of an export: channels by id and by name, users by id."""

    channels: Mapping[str, Channel] = {}
    users: Mapping[str, tuple[bool, str]] = {}

    def name_of(self, channel_id: str) -> str:
        """Returns the name of a channel; empty if it is not known, or not for all."""
        channel = self.channels.get(channel_id, Channel())
        return channel.name if channel.visibility == "public" else ""


def channels_of(listed: Iterable[Any], visibility: str) -> dict[str, Channel]:
    """Returns the channels of a list, by id and by name."""
    found: dict[str, Channel] = {}
    for record in listed:
        if key := word(record, "id"):
            name = word(record, "name") or ""
            channel = Channel(key, name, _listed(record, visibility))
            found |= {key: channel, **({name: channel} if name else {})}
    return found


def users_of(listed: Iterable[Any]) -> dict[str, tuple[bool, str]]:
    """Returns, by id, whether a user is a bot, and the role."""
    return {
        key: (record.get("is_bot") is True, _role(record))
        for record in listed
        if (key := word(record, "id"))
    }


def _role(record: Mapping[str, Any]) -> str:
    if record.get("is_primary_owner") is True or record.get("is_owner") is True:
        return "owner"
    if record.get("is_admin") is True:
        return "admin"
    guest = record.get("is_restricted") is True or record.get("is_ultra_restricted")
    return "guest" if guest is True else "member"


def _listed(record: Mapping[str, Any], visibility: str) -> str:
    if record.get("is_im") is True or record.get("is_mpim") is True:
        return "direct"
    if record.get("is_private") is True or record.get("is_group") is True:
        return "private" if visibility != "direct" else visibility
    return visibility


def root_of(name: str) -> str:
    """Returns the folder that the lists of an export lie in, with a final `/`.

    The files of days lie one folder deeper, those of pages beside the lists.
    """
    folder, _, file = name.rpartition("/")
    if _DAY.search(file):
        folder = folder.rpartition("/")[0] if "/" in folder else ""
        return f"{folder}/" if folder or name.startswith("/") else ""
    return f"{folder}/" if folder or name.startswith("/") else ""


def channel_by_path(name: str, workspace: Workspace) -> Channel:
    """Returns the channel that the path of a file names; an empty one if none.

    An export has one folder per channel; saved pages may have any name, so only ids,
    listed channels, and names that mean nothing else are taken.
    """
    folders, _, file = name.rpartition("/")
    folder = folders.rpartition("/")[2]
    if _DAY.search(file):
        return _known(folder, workspace) or Channel(folder, folder, _guess(folder))
    stem = file.partition(".")[0]
    for each in (stem, folder):
        if found := _known(each, workspace) or _by_id(each, workspace):
            return found
    words = [w for w in re.split(r"[-_ ]", stem) if not _SAYS_NOTHING.fullmatch(w)]
    said = re.sub(r"[-_ ]*(?:page)?[-_ ]*\d+$", "", stem)
    return Channel(said, said, _guess(said)) if words else Channel()


def _known(name: str, workspace: Workspace) -> Channel | None:
    return workspace.channels.get(name) if name else None


def _by_id(name: str, workspace: Workspace) -> Channel | None:
    match = _ID.search(name)
    return by_id(match[1], workspace) if match else None


def by_id(key: str, workspace: Workspace) -> Channel:
    """Returns a channel by its id, whether it is listed or not."""
    return workspace.channels.get(key) or Channel(key, "", _guess(key))


def _guess(key: str) -> str:
    if key.startswith("mpdm-") or (_ID.fullmatch(key) and key[0] == "D"):
        return "direct"
    return "private" if _ID.fullmatch(key) and key[0] == "G" else "unknown"


def channel_of(record: Any, around: Channel, workspace: Workspace) -> Channel:
    """Returns the channel that a page, an event or a message names, else `around`."""
    own = record.get("channel") if isinstance(record, Mapping) else None
    described = own if isinstance(own, Mapping) else inner(record, "channel_info")
    key = word(described, "id") or word(record, "channel", "channel_id")
    if not key:
        return around
    channel = by_id(key, workspace)
    if channel.visibility == "unknown":
        said = _BY_KIND.get(word(record, "channel_type") or "", "unknown")
        if "is_private" in described or "is_im" in described:
            said = _listed(described, "public")
        channel = channel._replace(visibility=said)
    name = word(described, "name") or channel.name or word(record, "channel_name")
    if not name and key == around.key:
        name = around.name
    return channel._replace(name=name or "")


def listed(value: Any) -> list[Any]:
    """Returns the content of a list file: an array or a page of the Web API."""
    if isinstance(value, list):
        return [each for each in value if isinstance(each, Mapping)]
    return list(objects(value, "channels", "members", "groups", "ims"))
