"""A plugin of any kind that breaks a promise is told which."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from affectflow import testing, weights
from affectflow.batches.labelling import Answer, choose_top
from affectflow.errors import UsageError
from affectflow.kinds.clusterer import Assigned, Name
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scored, Scorer
from affectflow.kinds.renderer import (
    Cue,
    TextRenderer,
    Track,
    TrackRenderer,
    UnmeasuredError,
    Window,
)
from affectflow.kinds.trainer import Figure, Trained, Trainer
from affectflow_transforms.miners.rules import RuleMiner
from affectflow_transforms.themes.clusterer import WordClusterer

COUNTER = itertools.count()


def refusal(check: Any, plugin: Any, *rest: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(plugin, *rest)
    return str(caught.value)


# -- models and miners -----------------------------------------------------------------


class Model:
    """Nothing to load, but Beam wants to share it."""


@dataclass(kw_only=True)
class Flat(Scorer[Model]):
    """Gives every text one score."""

    given: float = 0.5

    def load_model(self) -> Model:
        return Model()

    def score(self, texts: list[str], model: Model) -> Scored:
        scores = np.full((len(texts), 1), self.given, np.float32)
        chosen = choose_top(scores)
        answer = Answer(
            task="t", vocabulary="v", labels=("a",), scores=scores, chosen=chosen
        )
        return Scored(answers=(answer,))


class Nameless(Flat):
    def origin(self) -> Origin:
        return super().origin()._replace(licence="")


class Unloaded(Flat):
    def load_model(self) -> Any:
        return {}


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Flat(given=2.0), "a score of `annotations` is 2.0"),
        (Nameless(), "`annotator()` does not give its 'licence'"),
        (Unloaded(), "Beam cannot share its model: "),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_model_is_told_what_is_wrong(model, said):
    testing.check_model(Flat())

    assert refusal(testing.check_model, model).startswith(said)


class Shifted(RuleMiner):
    def mine(self, batch: pa.RecordBatch, model: Any = None) -> pa.RecordBatch:
        mined = super().mine(batch, model)
        causes = mined["causes"].to_pylist()
        for cause in itertools.chain(*causes):
            cause["start"] = cause["start"] and cause["start"] + 1
        column = pa.array(causes, mined["causes"].type)
        return mined.set_column(mined.num_columns - 1, "causes", column)


def test_a_cause_that_is_not_the_text_at_its_place_is_found():
    testing.check_miner(RuleMiner())

    assert "is not the text at" in refusal(testing.check_miner, Shifted())


# -- renderers -------------------------------------------------------------------------


@dataclass
class Letters(TextRenderer):
    """One cue a letter `a`, shifted and turned round as asked."""

    by: int = 0
    step: int = 1
    renderer_id: ClassVar[str] = "letters@1"
    pattern: ClassVar[str] = "a"

    def render(self, text: str) -> list[Cue]:
        places = [place for place, letter in enumerate(text) if letter == "a"]
        return [
            Cue("a", "an a", 1.0, "n", place + self.by, place + self.by + 1)
            for place in places[:: self.step]
        ]


@dataclass(kw_only=True)
class Peaks(TrackRenderer):
    """Says of the whole track that it is loud."""

    longer_s: float = 0.0
    least: float = -np.inf
    renderer_id: ClassVar[str] = "peaks@1"
    cue: ClassVar[str] = "loudness"
    unit: ClassVar[str] = "dB"

    def measure(self, uri: str) -> pa.Table:
        raise UnmeasuredError("nothing_there")

    def windows(self, track: Track) -> Iterator[Window]:
        if len(track.times):
            end = float(track.times[-1]) + self.longer_s
            yield Window(float(track.times[0]), end, float(np.max(track.values)))

    def phrase(self, window: Window) -> str:
        return "" if window.value < self.least else "loud"


class Unversioned(Letters):
    renderer_id: ClassVar[str] = "letters"


@pytest.mark.parametrize(
    ("renderer", "said"),
    [
        pytest.param(Letters(by=5000), "is outside its text", id="outside"),
        pytest.param(Letters(step=-1), "not in the order of their place", id="order"),
        pytest.param(Unversioned(), "not name@version", id="no version"),
        pytest.param(Peaks(longer_s=9), "is outside the track", id="after the end"),
        pytest.param(
            Peaks(), "there are cues where nothing was measured", id="of nothing"
        ),
    ],
)
def test_a_renderer_is_told_what_is_wrong(renderer, said):
    testing.check_renderer(Letters())

    assert said in refusal(testing.check_renderer, renderer)


# -- clusterers and trainers -----------------------------------------------------------


class Jumpy(WordClusterer):
    def name(self, groups: Any, model: Any) -> Any:
        return {n: Name(f"{next(COUNTER)}", []) for n in groups}


class Unsure(WordClusterer):
    def assign(self, causes: Any, model: Any) -> Assigned:
        return Assigned([], [])


@pytest.mark.parametrize(
    ("clusterer", "said"),
    [
        (Jumpy(min_size=2), "causes in another order, or in parts, give other themes"),
        (Unsure(), "{0} groups and similarities for 6 causes of 'anger'"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_clusterer_is_told_what_is_wrong(clusterer, said):
    testing.check_clusterer(WordClusterer())

    assert refusal(testing.check_clusterer, clusterer) == said


@dataclass(kw_only=True)
class Counts(Trainer):
    """Writes how many bytes there are, and how often it was asked."""

    asked: int = 0
    counts: bool = False
    file: ClassVar[str] = "count.safetensors"

    def train(self, data: Path, *, licence: str = "") -> Trained:
        if not list(data.iterdir()):
            raise UsageError(f"no file in {str(data)!r}: name another folder")
        self.asked += self.counts
        arrays = {"asked": np.array([self.asked])}
        return Trained(
            annotator="Flat",
            weights=weights.written(arrays, {"annotator": "Flat", "licence": "MIT"}),
            card="# Counts",
            held_out="none",
            figures=(Figure("n", "(micro)", 1.0),),
        )


class Elsewhere(Counts):
    file: ClassVar[str] = "weights/count.safetensors"


class Easy(Counts):
    def train(self, data: Path, *, licence: str = "") -> Trained:
        (data / "made").touch()
        return super().train(data)


@pytest.mark.parametrize(
    ("trainer", "said"),
    [
        pytest.param(Counts(counts=True), "two runs on the same", id="other bytes"),
        pytest.param(Elsewhere(), "not a name that ends in .saf", id="in a folder"),
        pytest.param(Easy(), "accepts a folder without its data", id="takes no data"),
    ],
)
def test_a_trainer_is_told_what_is_wrong(tmp_path, trainer, said):
    (tmp_path / "data").touch()
    testing.check_trainer(Counts(), tmp_path)

    assert said in refusal(testing.check_trainer, trainer, tmp_path)
