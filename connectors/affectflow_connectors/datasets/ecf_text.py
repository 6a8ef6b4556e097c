"""ECF 1.0 as text: scenes with times, in the shape that SemEval gave them later."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

_HEAD = re.compile(r"(\d+) (\d+)\s*")
_PAIRS = re.compile(r"\s*\(\d+,\s*\d+\)(?:\s*,\s*\(\d+,\s*\d+\))*,?\s*")
_PAIR = re.compile(r"\((\d+),\s*(\d+)\)")
_TURN = re.compile(
    r"(?P<utterance_ID>\d+) \| (?P<speaker>.*?) \| (?P<emotion>\w+) \| (?P<text>.*) \| "
    r"(?P<episode>[^|]*): (?P<start>[\d:.,]+) - (?P<end>[\d:.,]+)\s*"
)


class Scene(NamedTuple):
    """A conversation as JSON has it, and the line that it begins in, from 1."""

    line: int
    record: dict[str, Any]


def are_scenes(lines: Sequence[str]) -> bool:
    """Returns whether the first lines of a file are those of a scene."""
    is_begun = bool(lines) and _HEAD.fullmatch(lines[0].lstrip("\ufeff")) is not None
    return is_begun and any(map(_TURN.fullmatch, lines[1:4]))


def scenes_of(lines: Iterable[str]) -> Iterator[Scene | int]:
    """Yields the scenes of a file, and at the end how many lines belong to none."""
    scene: Scene | None = None
    pairs: list[tuple[str, str]] = []
    strays = 0
    for number, line in enumerate(lines, 1):
        if head := _HEAD.fullmatch(line):
            if scene:
                yield _with_causes(scene, pairs)
            record: dict[str, Any] = {"conversation_ID": head[1], "conversation": []}
            scene, pairs = Scene(number, record), []
        elif scene and (turn := _TURN.fullmatch(line)):
            scene.record["conversation"].append(turn.groupdict())
        elif scene and _PAIRS.fullmatch(line):
            pairs += _PAIR.findall(line)
        else:
            strays += bool(line.strip())
    if scene:
        yield _with_causes(scene, pairs)
    if strays:
        yield strays


def _with_causes(scene: Scene, pairs: Iterable[tuple[str, str]]) -> Scene:
    turns = scene.record["conversation"]
    emotions = {turn["utterance_ID"]: turn["emotion"] for turn in turns}
    named = [[f"{n}_{emotions.get(n, 'unknown')}", cause] for n, cause in pairs]
    return Scene(scene.line, {**scene.record, "emotion-cause_pairs": named})
