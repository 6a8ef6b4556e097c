"""What is right in a lake: the majority of the people, in every measure alike."""

import pytest

from affectflow import registry
from affectflow.lake import views
from tests.given.view_lakes import FolderLake, utterance

YES_OF_THREE = {"s:1": 1, "s:2": 2}


def said(id_, who, label, **more):
    usual = {"task": "emotion", "vocabulary": "ekman", "chosen": True, "status": "ok"}
    return usual | {"utterance_id": id_, "annotator_id": who, "label": label} | more


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    """Two messages; one of three people finds anger in s:1, and two in s:2."""
    people = [
        said(id_, who, "anger", chosen=place < yes)
        for id_, yes in YES_OF_THREE.items()
        for place, who in enumerate(("ann", "ben", "cem"))
    ]
    models = [said(id_, "m@1", "anger", score=0.9) for id_ in YES_OF_THREE]
    models += [said(f"why:{id_}", "judge@1", "anger") for id_ in YES_OF_THREE]
    reasons = [
        utterance(f"why:{id_}", reply_to=id_, attrs=[("explains", "m@1")])
        for id_ in YES_OF_THREE
    ]
    lake = FolderLake(tmp_path_factory.mktemp("lake")).write(
        utterances=[
            *(utterance(id_, conversation_id=f"c:{id_}") for id_ in YES_OF_THREE),
            *reasons,
        ],
        annotations=[*people, *models],
        annotators=[
            *({"annotator_id": who, "kind": "person"} for who in ("ann", "ben", "cem")),
            *({"annotator_id": who, "kind": "model"} for who in ("m@1", "judge@1")),
        ],
    )
    return views.connect(lake)


@pytest.mark.parametrize(
    ("name", "options", "column", "expected"),
    [
        ("PreferenceBias", {}, "gold", {"s:1": None, "s:2": "anger"}),
        ("DoublyRight", {}, "gold", {"s:1": None, "s:2": "anger"}),
        ("SpeakerLeakage", {}, "label", {"s:2": "anger"}),
        ("WheelScore", {}, "gold", {"s:1": [], "s:2": ["anger"]}),
        (
            "EarlyRisk",
            {"annotator": "m@1", "task": "emotion", "gold": "emotion",
             "label": "anger"},
            "truth",
            {"s:1": False, "s:2": True},
        ),
        (
            "GroupGap",
            {"annotator": "m@1", "across": "source"},
            "truth",
            {"s:1": False, "s:2": True},
        ),
    ],
)  # fmt: skip
def test_one_yes_of_three_people_is_not_the_truth(
    connection, name, options, column, expected
):
    made = registry.make("measures", name, options)

    found = connection.sql(made.query, params=made.bound(made.query))

    table = found.to_arrow_table().select(["utterance_id", column]).to_pylist()
    assert {row["utterance_id"]: row[column] for row in table} == expected
