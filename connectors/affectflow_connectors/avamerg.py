"""ReadAvamerg: the dialogues of AvaMERG, a listener answering a speaker."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.sources.json_source import JsonSource
from affectflow.sources.records import SHAPE_ERRORS
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head

SITE = "avamerg"
_AGES = ("child", "young", "middle-aged", "elderly")
_GENDERS = ("male", "female")
_TIMBRES = ("high", "mid", "low")
_ROLES = ("speaker", "listener")
_MARKS = (b'"dialogue_history"', b'"speaker_profile"', b'"chain_of_empathy"')

Turns = dict[int, Row]


@dataclass(kw_only=True)
class ReadAvamerg(JsonSource):
    """Reads the JSON files of AvaMERG, each utterance of a dialogue once.

    The chain of empathy that people gave (event, emotion, cause, goal) is in
    `attrs` of the utterance that it is about, and who speaks as one of 24 profiles.
    """

    card: ClassVar[Card] = Card(
        summary="AvaMERG: dialogues of a speaker and a listener, with chains of empathy"
    )
    site: ClassVar[str] = SITE

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        if not self.looks_whole(record):
            yield RefusedError(
                "not a dialogue: it has no `conversation_id` or no `turns`"
            )
            return
        turns: Turns = {}
        refused = []
        for place, turn in enumerate(record["turns"]):
            try:
                _add(turns, turn)
            except SHAPE_ERRORS as error:
                why = " ".join(str(error).split())
                refused.append(
                    RefusedError(f"turn {place}: {type(error).__name__}: {why}")
                )
        for index in sorted(turns):
            yield self._row(record, index, turns[index])
        yield from refused

    def looks_whole(self, record: Any) -> bool:
        return (
            isinstance(record, dict)
            and isinstance(record.get("turns"), list)
            and isinstance(record.get("conversation_id"), str | int)
        )

    def _row(self, record: Mapping[str, Any], index: int, said: Row) -> Row:
        dialogue = record["conversation_id"]
        id_ = f"{SITE}:{dialogue}"
        role = said["speaker_role"]
        profile = record.get(f"{role}_profile")
        attrs = said.pop("attrs") | {"media": f"dia{dialogue}utt{index}"}
        if (number := profile_id(profile)) is not None:
            attrs["profile"] = str(number)
        return said | {
            # Filled up: ids decide the order where there are no times.
            "utterance_id": f"{id_}/{index:03d}",
            "conversation_id": id_,
            "speaker_id": f"{dialogue}/{role}",
            "source": SITE,
            "container": str(record.get("topic") or "") or None,
            "kind": "message",
            "lang": "en",
            "visibility": "public",
            "attrs": attrs,
        }

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        return 0.95 if all(mark in head for mark in _MARKS) else 0.0


def profile_id(profile: Any) -> int | None:
    """Returns the number of a profile, 0 to 23: six for each age; None if unknown.

    >>> profile_id({"age": "elderly", "gender": "female", "timbre": "low"})
    23
    """
    if not isinstance(profile, Mapping):
        return None
    scales = {"age": _AGES, "gender": _GENDERS, "timbre": _TIMBRES}
    places = [
        scale.index(profile[key]) if profile.get(key) in scale else None
        for key, scale in scales.items()
    ]
    if None in places:
        return None
    age, gender, timbre = (place or 0 for place in places)
    return 6 * age + 3 * gender + timbre


def _add(turns: Turns, turn: Any) -> None:
    """Adds what a turn shows: its history, and the listener's response.

    Each turn repeats the history of those before it.

    Raises:
      ArithmeticError, AttributeError, LookupError, TypeError, ValueError: it has
        another shape, or another text for an utterance that is there.
    """
    history = turn["dialogue_history"]
    said = {
        int(each.get("index", place)): (each["role"].lower(), each["utterance"])
        for place, each in enumerate(history)
    }
    about = max((n for n in said if said[n][0] == "speaker"), default=None)
    if turn.get("response"):
        said[max(said, default=-1) + 1] = ("listener", turn["response"])
    _check(turns, said)
    for index, (role, text) in said.items():
        turns.setdefault(index, {"speaker_role": role, "text": text, "attrs": {}})
    if about is not None:
        turns[about]["attrs"] |= _chain(turn)


def _check(turns: Turns, said: Mapping[int, tuple[str, str]]) -> None:
    for index, (role, text) in said.items():
        if role not in _ROLES or not isinstance(text, str):
            raise ValueError(
                f"utterance {index} is not the text of a speaker or listener"
            )
        known = turns.get(index, {"text": text})["text"]
        if known != text:
            raise ValueError(f"utterance {index} has two texts")


def _chain(turn: Mapping[str, Any]) -> dict[str, str]:
    chain = turn.get("chain_of_empathy") or {}
    return {f"chain.{key}": str(value) for key, value in chain.items() if value}
