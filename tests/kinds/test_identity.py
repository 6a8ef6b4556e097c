from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.kinds.identity import bare_id, options_of
from affectflow.kinds.miner import Found, Miner, Scene
from affectflow.kinds.model import BatchModelHandler
from affectflow.schemas import ANNOTATIONS_COLUMN


@dataclass(kw_only=True)
class Prompted(BatchModelHandler[Any]):
    """Forgets its prompt in its id, and spells its id out twice."""

    prompt: str = "How does it feel?"
    device: str = "cpu"

    not_in_id: ClassVar[frozenset[str]] = frozenset({"device"})

    def load_model(self) -> Any:
        return None

    def annotator(self) -> dict[str, Any]:
        return {"annotator_id": "prompted@1", "kind": "prompt"}

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        row = {"annotator_id": "prompted@1", "task": "emotion", "label": "joy"}
        earlier = batch["annotations"].to_pylist()
        labels = [[*(before or []), row] for before in earlier]
        column = pa.array(labels, ANNOTATIONS_COLUMN.type)
        return batch.set_column(2, ANNOTATIONS_COLUMN, column)


def unlabelled(*texts: str) -> pa.RecordBatch:
    nulls = pa.nulls(len(texts), Prompted.requires.field("segments").type)
    columns = [pa.array(texts), nulls, pa.nulls(len(texts), ANNOTATIONS_COLUMN.type)]
    fields = [*Prompted.requires, ANNOTATIONS_COLUMN]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def test_two_prompts_never_share_an_id_whatever_the_handler_says():
    one, other = Prompted(), Prompted(prompt="Who is angry?")
    batch = other.apply(one.apply(unlabelled("a", "b"), None), None)

    ids = [handler.annotator()["annotator_id"] for handler in (one, other)]

    assert ids[0] != ids[1]
    assert [i.split("+")[0] for i in ids] == ["prompted@1", "prompted@1"]
    for row in batch["annotations"].to_pylist():
        assert [label["annotator_id"] for label in row] == ids


def test_the_same_options_give_the_same_id_and_are_its_parameters():
    row = Prompted().annotator()

    assert row == Prompted().annotator()
    assert row["parameters"] == '{"prompt": "How does it feel?"}'
    assert bare_id(Prompted()) == "prompted@1"


def test_an_option_that_decides_no_answer_leaves_the_id_alone():
    assert Prompted(device="cuda").annotator() == Prompted().annotator()


def test_a_class_that_starts_from_its_parents_row_names_its_options_once():
    @dataclass(kw_only=True)
    class Child(Prompted):
        def annotator(self) -> dict[str, Any]:
            return super().annotator() | {"licence": "MIT"}

    assert Child().annotator()["annotator_id"] == Prompted().annotator()["annotator_id"]


def test_a_miners_causes_and_their_ids_name_its_options():
    @dataclass(kw_only=True)
    class Whole(Miner[None]):
        least: int = 1

        def annotator(self) -> dict[str, Any]:
            return {"annotator_id": "whole@1"}

        def find(self, scene: Scene, model: None) -> list[Found]:
            now = scene.now
            return [Found(each, now, 0, len(now.text), 1.0) for each in scene.labels]

    assert options_of(Whole()) == {"history": 0, "least": 1}
    ids = {Whole(least=n).annotator()["annotator_id"] for n in (1, 2)}
    assert len(ids) == 2
