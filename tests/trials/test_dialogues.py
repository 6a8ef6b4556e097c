"""Miners on dialogues in which people marked causes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from affectflow.kinds.miner import Found, Miner, Scene
from affectflow.trials import dialogues


@dataclass(kw_only=True)
class FirstWords(Miner[None]):
    """Points at the first eight letters of what was just said."""

    def find(self, scene: Scene, model: None) -> Iterator[Found]:
        for label in scene.labels:
            yield Found(label, scene.now, 0, 8, None)


def said(turn: int, emotion: str, **marked: Any) -> dict[str, Any]:
    utterance = f"It broke, said {turn} ."
    row = {"turn": turn, "speaker": "A", "utterance": utterance, "emotion": emotion}
    return row | {f"expanded emotion cause {name}": v for name, v in marked.items()}


TALK = [
    said(1, "neutral"),
    said(2, "angry", evidence=[1, 2, 2], span=["broke", "It broke", "said 2 ."]),
]


def test_each_marked_span_and_each_turn_without_a_cause_is_an_answer(tmp_path):
    folder = tmp_path / "reccon"
    folder.mkdir()
    (folder / "dailydialog_valid.json").write_text(json.dumps({"d": [TALK]}), "utf-8")

    found = list(dialogues.lines(tmp_path, {"FirstWords": FirstWords()}, "paper"))

    by = {(line.data.split(", ")[-1], line.figure): line for line in found}
    # "broke" was not found, "It broke" was, "said 2 ." has no word of it.
    for mode in ("fixed", "paper"):
        assert by[mode, "EM pos"].n == 3
        assert by[mode, "EM pos"].value[0] == by[mode, "F1 pos"].value[0] == 1 / 3
    assert by["RECCON valid", "turns: F1 pos"].value[0] == 2 / 3


def test_the_published_figures_are_printed_when_asked_for(tmp_path):
    folder = tmp_path / "reccon"
    folder.mkdir()
    (folder / "dailydialog_valid.json").write_text(json.dumps({"d": [TALK]}), "utf-8")

    found = dialogues.lines(tmp_path, {"FirstWords": FirstWords()})

    assert not any(line.data.endswith("paper") for line in found)
