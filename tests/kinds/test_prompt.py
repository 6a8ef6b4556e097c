import pytest

from affectflow.errors import UsageError
from affectflow.kinds.prompt import Condition, Prompt, Step
from tests.given.scripted import prompt_file

HEAD = 'task = "mood"\n'
STEP = '[[steps]]\nname = "mood"\ntext = "{text}"\nparser = "one_label"\n'


def test_a_file_says_all_of_a_prompt(tmp_path):
    path = prompt_file(
        tmp_path,
        HEAD
        + 'version = "2"\nroles = ["client"]\nhistory = 2\nover = "labels:3, words:5"\n'
        + STEP
        + 'labels = ["good", "bad"]\n'
        + '[[steps]]\nname = "why"\ntext = "{mood}: why? {words}"\nparser = "whole"\n'
        + 'when = "mood=good|bad"\nmax_new_tokens = 9\noptions = { low = 1 }\n',
    )

    prompt = Prompt.load(str(path))

    assert (prompt.name, prompt.version, prompt.history) == ("asked", "2", 2)
    assert (prompt.roles, prompt.reads("labels"), prompt.reads("words")) == (
        ("client",),
        3,
        5,
    )
    mood, why = prompt.steps
    assert (mood.labels, mood.max_new_tokens, why.max_new_tokens) == (
        ("good", "bad"),
        64,
        9,
    )
    assert why.condition == Condition("mood", ("good", "bad"))
    assert why.options == {"low": 1}
    assert prompt.vocabulary_of(mood) == "asked.mood"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(HEAD, "no `steps`; fix", id="no step"),
        pytest.param(STEP, "no `task`; fix", id="no task"),
        pytest.param(
            HEAD + STEP.replace("{text}", "{txet}"),
            "line 4: unknown slot {txet} in step 'mood'; did you mean 'text'?; fix",
            id="unknown slot",
        ),
        pytest.param(
            HEAD + STEP.replace("{text}", "{why}") + STEP.replace("mood", "why"),
            "line 4: unknown slot {why} in step 'mood'; that step comes later; fix",
            id="slot of a later step",
        ),
        pytest.param(
            HEAD + STEP + 'when = "why=yes"\n' + STEP.replace("mood", "why"),
            "line 6: `when` of step 'mood' waits for 'why', which comes later; "
            "earlier ones are none; fix",
            id="when names a later step",
        ),
        pytest.param(
            HEAD
            + STEP
            + 'labels = ["good"]\n'
            + STEP.replace("mood", "why")
            + 'when = "mood=god"\n',
            "line 11: `when` of step 'why' waits for 'god', which is not a label of "
            "'mood'; did you mean 'good'?; fix",
            id="when waits for no label",
        ),
        pytest.param(
            HEAD + STEP + 'when = "mood is good"\n',
            "line 6: `when` must be like 'assess=yes' or 'assess!=no', got "
            "'mood is good'; fix",
            id="when is no condition",
        ),
        pytest.param(
            HEAD + STEP.replace("{text}", "{labels}"),
            "line 4: nothing fills {labels} of step 'mood': the step has no labels; "
            "fix",
            id="no labels to show",
        ),
        pytest.param(
            HEAD + STEP.replace("{text}", "{history}"),
            "line 4: nothing fills {history} of step 'mood': `history` is 0; fix",
            id="no history to show",
        ),
        pytest.param(
            HEAD + STEP + STEP, "line 7: step 'mood' appears twice; fix", id="twice"
        ),
        pytest.param(
            HEAD + "histroy = 1\n" + STEP,
            "line 2: unknown key 'histroy'; did you mean 'history'?; fix",
            id="unknown key",
        ),
        pytest.param(
            HEAD + 'history = "1"\n' + STEP,
            "line 2: `history` must be a whole number; fix",
            id="wrong type",
        ),
        pytest.param(
            HEAD + 'over = "lables:3"\n' + STEP,
            "line 2: `over` must be like 'labels:3' or 'labels:3,words:5', got "
            "'lables:3'; fix",
            id="over",
        ),
        pytest.param(
            HEAD + STEP + 'vocabulary = "ekmann"\n',
            "no vocabulary 'ekmann'; did you mean 'ekman'?",
            id="unknown vocabulary",
        ),
        pytest.param(
            HEAD + STEP + 'vocabulary = "ekman"\nlabels = ["joy", "angr"]\n',
            "line 7: 'angr' is not a label of 'ekman'; did you mean 'anger', "
            "'fear'?; fix",
            id="label outside the vocabulary",
        ),
    ],
)
def test_a_prompt_that_cannot_be_asked_is_refused_in_one_line(tmp_path, text, line):
    path = prompt_file(tmp_path, text)

    with pytest.raises(UsageError) as refused:
        Prompt.load(str(path))

    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_that_is_no_prompt_is_refused_in_one_line():
    with pytest.raises(UsageError, match="no prompt 'moood'; "):
        Prompt.load("moood")
    with pytest.raises(UsageError, match=r"no file 'moood\.toml'; name a file"):
        Prompt.load("moood.toml")


def test_a_file_of_another_name_is_told_how_a_file_is_named(tmp_path):
    (tmp_path / "mine.txt").write_text(HEAD + STEP)
    (tmp_path / "mood.toml").write_text(HEAD + STEP)

    with pytest.raises(
        UsageError, match=r"TOML, and its name ends in `\.toml`, got .*txt'"
    ):
        Prompt.load(str(tmp_path / "mine.txt"))
    with pytest.raises(UsageError, match=r"mood'; did you mean '.*mood\.toml'\?"):
        Prompt.load(str(tmp_path / "mood"))


def test_the_digest_changes_with_what_a_model_is_shown_and_with_nothing_else():
    def digest(**said):
        step = Step(name="mood", text=said.pop("text", "{text}"), parser="one_label")
        return Prompt(name="asked", task="mood", steps=(step,), **said).digest

    assert digest() == digest(source="a paper", licence="MIT", summary="asks")
    assert len({digest(), digest(text="{text}?"), digest(roles=("client",))}) == 3


def test_a_vocabulary_gives_a_step_its_labels():
    step = Step(name="mood", text="{text}", parser="one_label", vocabulary="ekman")

    assert step.labels == ("anger", "disgust", "fear", "joy", "sadness", "surprise")


@pytest.mark.parametrize(
    ("when", "found", "holds"),
    [
        ("a", (), False),
        ("a", ("x",), True),
        ("a=x", ("x",), True),
        ("a=x|y", ("z", "y"), True),
        ("a=x", ("z",), False),
        ("a!=x", ("z",), True),
        ("a!=x", ("x", "z"), False),
        ("a!=x", (), False),
    ],
)
def test_a_step_is_asked_when_an_earlier_one_was_answered_so(when, found, holds):
    step = Step(name="b", text="", parser="p", when=when)

    assert step.condition.holds({"a": found}) == holds
