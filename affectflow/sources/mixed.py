"""What to type if files are of several kinds: one command per kind."""

import posixpath
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from affectflow.kinds.source import Source
from affectflow.registry import kebab
from affectflow.sources.archives import is_member
from affectflow.sources.listing import bare_name


class Place(NamedTuple):
    """A file, and the path that it was found by."""

    uri: str
    path: str


Kinds = Mapping[type[Source], Sequence[Place]]


def advice(kinds: Kinds, sampled: Collection[str]) -> str:
    """Returns how to ingest files of several kinds, in one clause.

    Args:
      kinds: the files of each source.
      sampled: paths of which only some files were looked at.
    """
    commands = []
    for source, own in kinds.items():
        others = [
            place for each in kinds if each is not source for place in kinds[each]
        ]
        name, paths = kebab(source.__name__), _paths(source, own, others, sampled)
        if not paths:
            names = " or ".join(f"--source {kebab(each.__name__)}" for each in kinds)
            return (
                f"move each kind into a folder of its own, and ingest it with {names}"
            )
        words = shlex.join(["affectflow", "ingest", *paths, "--source", name])
        commands.append(f"{words} --to LAKE")
    return f"ingest each kind by itself: {' && '.join(commands)}"


def _paths(
    source: type[Source],
    own: Sequence[Place],
    others: Sequence[Place],
    sampled: Collection[str],
) -> list[str]:
    """Returns paths that mean the files of one source only; empty if there are none."""
    paths: list[str] = []
    for path in dict.fromkeys(place.path for place in own):
        here = [place.uri for place in own if place.path == path]
        beside = [place.uri for place in others if place.path == path]
        if not beside:
            paths.append(path)
        elif len(here) == 1 and path not in sampled:
            paths += here
        elif pattern := _pattern(source, here, beside):
            paths.append(pattern)
        elif path in sampled:
            return []
        else:
            paths += here
    return paths


def _pattern(source: type[Source], here: Sequence[str], beside: Sequence[str]) -> str:
    """Returns the folder or glob that means some files, and none of those beside."""
    if any(map(is_member, here)):
        return ""
    folder = posixpath.commonprefix([uri.rpartition("/")[0] + "/" for uri in here])
    folder = folder.rpartition("/")[0]
    suffixes = tuple(getattr(source, "suffixes", ()))
    taken = all(bare_name(uri).endswith(suffixes) for uri in here)
    if taken and not any(uri.startswith(f"{folder}/") for uri in beside):
        return folder
    endings = {posixpath.splitext(uri)[1] for uri in here}
    flat = all(uri.rpartition("/")[0] == folder for uri in here)
    if len(endings) > 1 or not flat or any(sign in folder for sign in "*?["):
        return ""
    (ending,) = endings
    same = (uri for uri in beside if uri.endswith(ending))
    alike = any(uri.rpartition("/")[0] == folder for uri in same)
    return "" if alike or not ending else f"{folder}/*{ending}"
