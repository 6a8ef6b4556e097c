from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from affectflow.batches.batch import is_dead
from affectflow.batches.labelling import Answer
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.model import Scored, Scorer
from affectflow.schemas import UTTERANCES, fields

SCHEMA = pa.schema([*fields(UTTERANCES, "text", "lang", "segments")])


@dataclass
class Heard:
    """A model that remembers what it was asked."""

    texts: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Loud(Scorer[Heard]):
    """Scores the share of capitals; cannot read `%`, and reads ten characters."""

    languages: ClassVar[tuple[str, ...]] = ("en",)

    def load_model(self) -> Heard:
        return Heard()

    def understands(self, texts: list[str], known: Mask, model: Heard) -> Mask:
        foreign = np.array([text.startswith("oui") for text in texts], np.bool_)
        return known | ~foreign

    def score(self, texts: list[str], model: Heard) -> Scored:
        model.texts += texts
        scores = np.array(
            [[sum(map(str.isupper, text)) / len(text)] for text in texts], np.float32
        ).reshape(-1, 1)
        answer = Answer(
            task="volume",
            vocabulary="volume",
            labels=("loud",),
            scores=scores,
            chosen=scores >= 0.5,
        )
        return Scored(
            answers=(answer,),
            truncated=np.array([len(text) > 10 for text in texts], np.bool_),
            failed={n: ValueError("no %") for n, t in enumerate(texts) if "%" in t},
        )


def batch(*texts: str | None, lang: str | None = None) -> pa.RecordBatch:
    rows = [{"text": text, "lang": lang, "segments": []} for text in texts]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def labelled(rows: pa.RecordBatch, model: Heard | None = None) -> list[Any]:
    answered = Loud().apply(rows, model or Heard())
    return [
        [(a["label"], a["chosen"], a["status"]) for a in row]
        for row in answered["annotations"].to_pylist()
    ]


def test_each_distinct_text_is_asked_once() -> None:
    model = Heard()

    found = labelled(batch("HEY", "hey", "HEY"), model)

    assert model.texts == ["HEY", "hey"]
    assert found == [
        [("loud", True, "ok")],
        [("loud", False, "ok")],
        [("loud", True, "ok")],
    ]


@pytest.mark.parametrize(
    ("text", "lang", "status"),
    [
        pytest.param("", "en", "no_author_text", id="silence"),
        pytest.param(None, "en", "no_author_text", id="no text"),
        pytest.param("HEY", "fr", "unsupported_language", id="another language"),
        pytest.param("oui oui", None, "unsupported_language", id="looks foreign"),
        pytest.param("HEY YOU THERE", "en", "truncated", id="cut"),
        pytest.param("oui oui", "en-GB", "ok", id="said to be its own"),
        pytest.param("HEY", None, "ok", id="nobody says the language"),
    ],
)
def test_a_row_says_how_it_was_read(
    text: str | None, lang: str | None, status: str
) -> None:
    (((_, _, said),),) = labelled(batch(text, lang=lang))

    assert said == status


def test_a_text_that_fails_is_alone_in_failing() -> None:
    answered = Loud().apply(batch("HEY", "5 %", "ho"), Heard())

    assert is_dead(answered).to_pylist() == [False, True, False]
    assert answered["annotations"][1].as_py() == []
    (error,) = answered["errors"][1].as_py()
    assert (error["step"], error["message"]) == ("Loud", "no %")


def test_a_batch_without_a_text_to_ask_about_still_names_the_task() -> None:
    (((label, chosen, status),),) = labelled(batch(""))
    answered = Loud().apply(batch(""), Heard())

    assert (label, chosen, status) == (None, False, "no_author_text")
    assert answered["annotations"][0].as_py()[0]["task"] == "volume"
    assert Loud().apply(batch(), Heard()).num_rows == 0


def test_cues_are_read_in_words_or_as_written() -> None:
    with pytest.raises(UsageError, match="`cues` must be one of"):
        Loud(cues="aloud")
