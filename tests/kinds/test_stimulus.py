import pytest

from affectflow.errors import UsageError
from affectflow.kinds.prompt import Prompt, Step
from affectflow.kinds.stimulus import around

PACK = """
placement = "{}"
separator = "{}"
[texts]
A = "Try hard."
B = "Be {{brief}}."
"""
PROMPT = Prompt(
    name="asked",
    task="mood",
    steps=(
        Step(name="mood", text="Mood? {text}", parser="one_label"),
        Step(name="why", text="Why? {text}", parser="whole"),
    ),
)


def pack(folder, placement="after", separator=" "):
    path = folder / "pack.toml"
    path.write_text(PACK.format(placement, separator))
    return path


@pytest.mark.parametrize(
    ("placement", "separator", "ids", "text"),
    [
        ("after", " ", "A", "Mood? {text} Try hard."),
        ("after", "", "A", "Mood? {text}Try hard."),
        ("before", " ", "A", "Try hard. Mood? {text}"),
        ("after", " ", "A+B", "Mood? {text} Try hard. Be {{brief}}."),
        ("after", " ", "B+A", "Mood? {text} Be {{brief}}. Try hard."),
        ("after", " ", "0", "Mood? {text}"),
    ],
)
def test_a_stimulus_stands_around_every_question(
    tmp_path, placement, separator, ids, text
):
    path = pack(tmp_path, placement, separator)

    wrapped = around(PROMPT, f"{path}:{ids}")

    assert wrapped.steps[0].text == text
    assert wrapped.steps[1].text == text.replace("Mood", "Why")


def test_each_stimulus_has_a_digest_of_its_own_and_none_has_the_prompts(tmp_path):
    path = pack(tmp_path)
    ids = ("0", "A", "B", "A+B", "B+A")

    digests = [around(PROMPT, f"{path}:{each}").digest for each in ids]

    assert digests[0] == PROMPT.digest
    assert len(set(digests)) == 5


@pytest.mark.parametrize(
    ("stimulus", "line"),
    [
        (
            "A",
            "must be PACK:ID or FILE.toml:ID, such as positive:EP02, got 'A'",
        ),
        ("no_pack:A", "no stimulus 'no_pack'"),
        ("{}:C", "no stimulus 'C' in"),
        ("{}:A+", "no stimulus '' in"),
    ],
)
def test_a_stimulus_that_is_not_there_is_refused(tmp_path, stimulus, line):
    with pytest.raises(UsageError) as refused:
        around(PROMPT, stimulus.format(pack(tmp_path)))

    assert line in str(refused.value)
