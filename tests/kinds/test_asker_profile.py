"""Row 33 of the literature: what a prompt tells of who wrote; a scripted model."""

import pyarrow as pa
import pytest

from affectflow import people
from affectflow.batches.batch import with_column
from affectflow.errors import UsageError
from affectflow.schemas import UTTERANCES
from affectflow_transforms.measures.group_gap import GroupGap
from tests.given.flags import flags
from tests.given.moods import MOOD
from tests.given.scripted import install_scripted, prompt_file, scripted, utterances

PLAIN = MOOD.replace("How is it?", "How is it?\\n")
PROFILED = MOOD.replace("How is it?", "How is it?\\n{profile}\\n")
TOLD = ("speaker_role", "attrs.age")


@pytest.fixture(autouse=True)
def parsers(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


def written(*people_of):
    """Returns the text `it broke` by people with a role and declared attributes."""
    batch = utterances(*["it broke"] * len(people_of))
    for name, values in (
        ("speaker_role", [role for role, _ in people_of]),
        ("attrs", [list(attributes.items()) for _, attributes in people_of]),
    ):
        field = UTTERANCES.field(name)
        batch = with_column(batch, field, pa.array(values, field.type))
    return batch


def handler_of(folder, text, script=lambda question, request: "good", **options):
    with people.using(purpose="a study", allow_person_level=True):
        return scripted(prompt_file(folder, text), script, decode="text", **options)


def questions(folder, text, batch, **options):
    handler = handler_of(folder, text, **options)
    model = handler.load_model()
    with people.using(purpose="a study", allow_person_level=True):
        handler.apply(batch, model)
    return model.questions


def test_a_profile_tells_what_the_data_declares_and_nothing_else(tmp_path):
    batch = written(("newcomer", {"age": "30 to 39", "name": "Ann"}), (None, {}))

    one, other = questions(tmp_path, PROFILED, batch, profile=TOLD)

    assert "\nspeaker_role: newcomer\nage: 30 to 39\n" in one
    assert "Ann" not in one
    assert one.count("[text ") == 2  # what others declare is fenced as what they say
    assert other.count("[text ") == 1


def test_an_empty_profile_is_the_prompt_without_one(tmp_path):
    batch = written((None, {}))

    (empty,) = questions(tmp_path, PROFILED, batch, profile=TOLD)
    (off,) = questions(tmp_path, PROFILED, written(("newcomer", {"age": "9"})))

    assert empty == off  # to the marks of the fence
    unfenced = "fence = false\n"
    (plain,) = questions(tmp_path, unfenced + PLAIN, batch)
    (slot,) = questions(tmp_path, unfenced + PROFILED, batch, profile=TOLD)
    assert plain == slot == "How is it?\n it broke Say good, bad."


def test_it_is_off_until_somebody_says_so_and_then_another_annotator(tmp_path):
    off, on, other = (
        handler_of(tmp_path, PROFILED, profile=fields)
        for fields in ((), TOLD, ("lang",))
    )

    ids = {each.annotator()["annotator_id"] for each in (off, on, other)}
    hashes = {each.annotator()["prompt_hash"] for each in (off, on, other)}
    assert len(ids) == len(hashes) == 3
    assert '"profile": ["speaker_role", "attrs.age"]' in on.annotator()["parameters"]
    assert "profile" not in off.annotator()["parameters"]
    assert on.touches == ("person",)
    assert off.touches == ()


def test_a_profile_is_person_level(tmp_path):
    path = prompt_file(tmp_path, PROFILED)

    with pytest.raises(UsageError, match=r"the prompt 'asked' .* --allow-person-level"):
        scripted(path, lambda question, request: "good", profile=TOLD)


@pytest.mark.parametrize(
    ("text", "profile", "said"),
    [
        (MOOD, TOLD, "has a `profile`, but no slot {profile}"),
        (PROFILED, ("speaker_id",), "`profile` must name speaker_role, lang, "),
        ('unit = "conversation"\n' + PROFILED, TOLD, "a conversation has several"),
    ],
    ids=["no slot", "a person", "a conversation"],
)
def test_a_profile_that_cannot_be_shown_is_one_line(tmp_path, text, profile, said):
    with pytest.raises(UsageError, match=said):
        handler_of(tmp_path, text, profile=profile)


@pytest.mark.parametrize(("reads", "flips"), [(False, 0.0), (True, 1.0)])
def test_whether_a_profile_changes_answers_is_a_flip_rate(tmp_path, reads, flips):
    """The same text by two profiles: a model that ignores them has a gap of 0."""
    script = lambda question, request: (  # noqa: E731
        "bad" if reads and "newcomer" in question else "good"
    )
    roles = ["newcomer", "maintainer"] * 5
    handler = handler_of(tmp_path, PROFILED, script, profile=TOLD)
    with people.using(purpose="a study", allow_person_level=True):
        told = handler.apply(written(*((r, {}) for r in roles)), handler.load_model())
    labels = [row[0]["label"] for row in told["annotations"].to_pylist()]
    measure = GroupGap(figure="prevalence")
    answers = flags(
        measure,
        [
            {"part": role, "pair": f"p{n // 2}", "chosen": label == "bad"}
            for n, (role, label) in enumerate(zip(roles, labels, strict=True))
        ],
    )

    found = measure.extract(measure.add(measure.create(), answers)).to_pylist()

    figures = {row["label"]: row["value"] for row in found if row["unit_type"]}
    assert (figures["gap"], figures["flip_rate"]) == (flips, flips)
