from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from affectflow.errors import RowError, UsageError
from affectflow.kinds.account import open_account
from affectflow.kinds.miner import Found, Miner, Scene
from tests.given.mined_turns import SCHEMA, emotion, turn


@dataclass(kw_only=True)
class Points(Miner[None]):
    """Finds a word wherever it is said, the latest first."""

    word: str = "build"
    beyond: int = 0
    history: int = 2

    def find(self, scene: Scene, model: None) -> Iterator[Found]:
        for said in (scene.now, *reversed(scene.earlier)):
            start = said.text.find(self.word)
            if start >= 0:
                end = start + len(self.word) + self.beyond
                yield Found(scene.labels[0], said, start, end, 0.5)
                return


def causes(miner: Miner[None], *rows: Any) -> list[list[dict[str, Any]]]:
    mined = miner.mine(pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA))
    found: list[list[dict[str, Any]]] = mined["causes"].to_pylist()
    return found


def spans(miner: Miner[None], *rows: Any) -> list[tuple[str, int, int]]:
    found = [cause for each in causes(miner, *rows) for cause in each]
    return [(c["cause_text"], c["start"], c["end"]) for c in found]


def test_a_cause_is_a_span_of_the_text_it_was_said_in() -> None:
    _, (cause,) = causes(
        Points(), turn(0, "a", "the build is red"), turn(1, "b", "argh", "anger")
    )

    assert (cause["cause_utterance_id"], cause["cause_text"]) == ("u0", "build")
    assert (cause["start"], cause["end"], cause["status"]) == (4, 9, "ok")


@pytest.mark.parametrize(
    ("first", "speaker", "text", "expected"),
    [
        ("a", "b", "argh", "inter_personal"),
        ("a", "a", "argh", "self_contagion"),
        (None, "a", "argh", None),
        ("a", "b", "this build", "no_context"),
    ],
)
def test_whose_words_a_cause_is_in_says_its_type(
    first: str | None, speaker: str, text: str, expected: str | None
) -> None:
    said = turn(0, "a", "the build is red") | {"speaker_id": first}

    _, (cause,) = causes(Points(), said, turn(1, speaker, text, "anger"))

    assert cause["cause_type"] == expected


def test_an_emotion_without_a_cause_has_none_found() -> None:
    ((cause,),) = causes(Points(), turn(0, "a", "argh", "anger"))

    assert (cause["status"], cause["start"], cause["label"]) == (
        "none_found",
        None,
        "anger",
    )


def test_a_span_that_is_none_of_the_text_is_unaligned() -> None:
    ((cause,),) = causes(Points(beyond=1), turn(0, "a", "a build", "anger"))

    assert (cause["status"], cause["cause_text"], cause["end"]) == (
        "unaligned",
        None,
        None,
    )


def test_no_more_turns_are_shown_than_history_says() -> None:
    rows = [
        turn(0, "a", "the build"),
        turn(1, "a", "so"),
        turn(2, "a", "well"),
        turn(3, "a", "argh", "anger"),
    ]

    *_, (far,) = causes(Points(), *rows)
    *_, (near,) = causes(Points(history=3), *rows)

    assert (far["status"], near["status"]) == ("none_found", "ok")


def test_every_annotator_that_chose_an_emotion_gets_its_cause_and_no_id_twice() -> None:
    labels = [emotion("anger"), emotion("anger", annotator_id="other")]

    (found,) = causes(Points(), turn(0, "a", "this build") | {"annotations": labels})

    assert [cause["emotion_annotator_id"] for cause in found] == ["hand", "other"]
    assert len({cause["cause_id"] for cause in found}) == 2


def test_the_same_words_have_the_same_id_in_every_batch() -> None:
    row = turn(0, "a", "this build", "anger")
    ((alone,),) = causes(Points(), row)

    _, (cause,) = causes(Points(), turn(9, "b", "x") | {"conversation_id": "d"}, row)

    assert cause["cause_id"] == alone["cause_id"]


def test_a_miner_may_answer_many_scenes_at_once() -> None:
    @dataclass(kw_only=True)
    class AtOnce(Points):
        def find_all(
            self, scenes: Iterable[Scene], model: None
        ) -> Iterator[Iterable[Found]]:
            yield from [list(self.find(scene, model)) for scene in list(scenes)]

    rows = [turn(n, "a", f"build {n}", "anger") for n in range(3)]

    assert spans(AtOnce(), *rows) == spans(Points(), *rows) == [("build", 0, 5)] * 3


@pytest.mark.parametrize(
    ("times", "said"), [(0, "left a scene"), (2, "that it was not given")]
)
def test_a_miner_that_answers_too_few_or_too_many_scenes_is_refused(
    times: int, said: str
) -> None:
    @dataclass(kw_only=True)
    class Miscounts(Points):
        def find_all(
            self, scenes: Iterable[Scene], model: None
        ) -> Iterator[Iterable[Found]]:
            for scene in scenes:
                yield from [list(self.find(scene, model))] * times

    with pytest.raises(RowError, match=said):
        causes(Miscounts(), turn(0, "a", "this build", "anger"))


def test_history_is_no_negative_number() -> None:
    with pytest.raises(UsageError, match="`history` must be at least 0, got -1"):
        Points(history=-1)


def scored(label: str, score: float | None, **given: Any) -> dict[str, Any]:
    return emotion(label, score=score, **given)


NEUTRAL = scored("neutral", 0.2, chosen=False)
CALM = scored("neutral", 0.5, chosen=False)


@pytest.mark.parametrize(
    ("annotations", "options", "mined"),
    [
        pytest.param([scored("anger", 0.1), NEUTRAL], {}, ["anger"], id="at it"),
        pytest.param([scored("anger", 0.09), NEUTRAL], {}, [], id="below it"),
        pytest.param(
            [scored("anger", 0.09), scored("joy", 0.4), NEUTRAL],
            {},
            ["joy"],
            id="each label by itself",
        ),
        pytest.param(
            [scored("anger", 0.15), NEUTRAL], {"over_neutral": 1.0}, [], id="asked more"
        ),
        pytest.param(
            [scored("anger", 0.1), NEUTRAL], {"over_neutral": 0.0}, ["anger"], id="off"
        ),
        pytest.param([scored("anger", 0.1)], {}, ["anger"], id="no neutral"),
        pytest.param([scored("anger", None), CALM], {}, ["anger"], id="given"),
        pytest.param(
            [scored("anger", 0.1), scored("neutral", None, chosen=False)],
            {},
            ["anger"],
            id="neutral without a score",
        ),
        pytest.param(
            [scored("anger", 0.1), {**NEUTRAL, "annotator_id": "other"}],
            {},
            ["anger"],
            id="another's neutral",
        ),
        pytest.param(
            [scored("frustration", 0.1, vocabulary="frustration"), CALM],
            {},
            ["frustration"],
            id="neutral of another vocabulary",
        ),
        pytest.param([scored("anger", 0.9, chosen=False)], {}, [], id="not chosen"),
    ],
)
def test_a_label_far_below_neutral_wants_no_cause(
    annotations: list[dict[str, Any]], options: dict[str, Any], mined: list[str]
) -> None:
    (found,) = causes(
        Points(min_label=0.0, **options),
        turn(0, "a", "this build", annotations=annotations),
    )

    assert [cause["label"] for cause in found] == mined


BARS = {"max_neutral": 0.3, "of_surest": 0.3, "min_label": 0.0}


@pytest.mark.parametrize(
    ("annotations", "options", "mined"),
    [
        pytest.param([scored("anger", 0.4), CALM], {}, ["anger"], id="no bar"),
        pytest.param([scored("anger", 0.4), CALM], BARS, [], id="calm message"),
        pytest.param(
            [scored("anger", 0.5), CALM], BARS, ["anger"], id="as angry as calm"
        ),
        pytest.param(
            [scored("anger", 0.3), scored("joy", 0.8), CALM],
            BARS,
            ["joy", "anger"],
            id="surely joyful",
        ),
        pytest.param(
            [scored("anger", 0.4), CALM], {"max_neutral": 0.5}, ["anger"], id="at it"
        ),
        pytest.param(
            [scored("anger", 0.19), scored("joy", 0.2)], {}, ["joy"], id="a low score"
        ),
        pytest.param(
            [scored("anger", 0.19)], {"min_label": 0.18}, ["anger"], id="low, wanted"
        ),
        pytest.param(
            [scored("anger", 0.3), scored("joy", 1.0)], BARS, ["joy", "anger"]
        ),
        pytest.param([scored("anger", 0.29), scored("joy", 1.0)], BARS, ["joy"]),
        pytest.param(
            [scored("anger", 0.2), scored("joy", 1.0)],
            {"of_surest": 0.0},
            ["joy", "anger"],
            id="far below the surest, and asked for",
        ),
        pytest.param(
            [scored("anger", 0.2), scored("joy", 1.0, chosen=False)],
            BARS,
            ["anger"],
            id="the surest is not chosen",
        ),
        pytest.param(
            [scored("anger", 0.2), scored("joy", 1.0, annotator_id="other")],
            BARS,
            ["joy", "anger"],
            id="the surest is another's",
        ),
        pytest.param(
            [scored("anger", 0.2), scored("joy", None)],
            BARS,
            ["joy", "anger"],
            id="the other is given",
        ),
        pytest.param([scored("neutral", 0.9)], {}, ["neutral"], id="neutral itself"),
    ],
)
def test_labels_of_emotions_that_are_hardly_there_want_no_cause(
    annotations: list[dict[str, Any]], options: dict[str, Any], mined: list[str]
) -> None:
    (found,) = causes(
        Points(**options), turn(0, "a", "this build", annotations=annotations)
    )

    assert {cause["label"] for cause in found} == set(mined)


def test_labels_that_are_passed_over_are_counted() -> None:
    rows = [
        turn(n, "a", "this build", annotations=annotations)
        for n, annotations in enumerate(
            (
                [scored("anger", 0.05), NEUTRAL],
                [scored("anger", 0.4), CALM],
                [scored("anger", 0.2), scored("joy", 1.0)],
                [scored("anger", 0.2), scored("joy", 1.0), NEUTRAL],
                [scored("anger", 0.09)],
            )
        )
    ]

    with open_account() as counted:
        causes(Points(**BARS | {"min_label": 0.1}), *rows)

    assert counted.tallied == {
        "labels_far_below_neutral": 1,
        "labels_of_neutral_messages": 1,
        "labels_far_below_the_surest": 2,
        "labels_of_low_scores": 1,
    }


def test_without_the_bar_a_miner_has_the_id_that_it_had_before_there_was_one() -> None:
    assert "over_neutral" not in Points(over_neutral=0.0).parameters()
    assert Points().parameters()["over_neutral"] == 0.5


@pytest.mark.parametrize("bar", [-0.1, float("nan")])
def test_a_bar_over_neutral_is_no_negative_number(bar: float) -> None:
    with pytest.raises(
        UsageError, match=r"`over_neutral` must be at least 0, got (-|nan)"
    ):
        Points(over_neutral=bar)


@pytest.mark.parametrize("name", ["max_neutral", "of_surest", "min_label"])
@pytest.mark.parametrize("bar", [-0.1, 1.1, float("nan")])
def test_other_bars_are_shares(name: str, bar: float) -> None:
    with pytest.raises(
        UsageError, match=rf"`{name}` must be from 0 to 1, got (-|1.1|nan)"
    ):
        Points(**{name: bar})
