from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from affectflow.kinds.identity import Origin, options_of
from affectflow.kinds.miner import Found, Miner, Scene
from affectflow.kinds.model import BatchModelHandler


@dataclass(kw_only=True)
class Prompted(BatchModelHandler[Any]):
    """Says nothing of its options."""

    prompt: str = "How does it feel?"
    device: str = "cpu"

    version: ClassVar[str] = "2"
    not_in_id: ClassVar[frozenset[str]] = frozenset({"device"})

    def load_model(self) -> Any:
        return None

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        return batch


def id_of(annotator: Any) -> str:
    return str(annotator.annotator()["annotator_id"])


def test_two_prompts_never_share_an_id():
    one, other = id_of(Prompted()), id_of(Prompted(prompt="Who is angry?"))

    assert one != other
    assert {i.split("+")[0] for i in (one, other)} == {"Prompted@2"}


def test_the_same_options_give_the_same_row_and_are_its_parameters():
    row = Prompted().annotator()

    assert row == Prompted().annotator()
    assert row["parameters"] == '{"prompt": "How does it feel?"}'
    assert (row["model"], row["revision"], row["kind"]) == ("Prompted", "2", "model")


def test_an_option_that_decides_no_answer_leaves_the_id_alone():
    assert id_of(Prompted(device="cuda")) == id_of(Prompted())


def test_a_plugin_without_options_has_the_bare_id():
    class Plain(Prompted):
        not_in_id = frozenset({"device", "prompt"})

    assert id_of(Plain()) == "Plain@2"


def test_who_brings_weights_says_where_answers_come_from():
    @dataclass(kw_only=True)
    class Tuned(Prompted):
        def origin(self) -> Origin:
            return Origin("tuned", "0123456789", "MIT", None, "org/tuned")

    row = Tuned().annotator()

    assert row["annotator_id"].startswith("tuned@01234567+")
    assert (row["model"], row["revision"]) == ("org/tuned", "0123456789")
    assert (row["licence"], row["commercial_use"]) == ("MIT", None)


def test_nobody_makes_an_id_of_their_own():
    with pytest.raises(TypeError, match=r"Own has a method `annotator`.*`origin`"):

        class Own(Prompted):
            def annotator(self) -> dict[str, Any]:
                return {"annotator_id": "mine"}


def test_a_miners_id_names_its_options():
    @dataclass(kw_only=True)
    class Whole(Miner[None]):
        least: int = 1

        def find(self, scene: Scene, model: None) -> list[Found]:
            now = scene.now
            return [Found(each, now, 0, len(now.text), 1.0) for each in scene.labels]

    bars = {
        "over_neutral": 0.5,
        "max_neutral": 1.0,
        "of_surest": 0.0,
        "min_label": 0.2,
    }
    assert options_of(Whole()) == {"history": 0, **bars, "least": 1}
    assert id_of(Whole(least=1)) != id_of(Whole(least=2))
