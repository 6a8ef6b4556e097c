import time
from dataclasses import replace

import pytest

from affectflow.errors import UsageError
from affectflow.kinds.guard import Guard

GUARD = Guard(
    name="small",
    phrases=("kill myself", "don't want to live", "give ... up", "suicid*"),
    unless=("kill myself laughing", "suicide squad"),
    notice="To the analyst: read these yourself.",
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("I could kill myself", True),
        ("I could KILL,\n  Myself.", True),
        ("_kill myself_", True),
        ("skill myself", False),
        ("kill myselfish", False),
        ("I don’t want to live", True),
        ("I dont want to live", True),
        ("give it all up", True),
        ("give up", True),
        ("give one two three four up", False),
        ("suicidal", True),
        ("suicide squad was a film", False),
        ("I could kill myself laughing", False),
        ("kill myself laughing, no: kill myself", True),
        ("", False),
    ],
)
def test_phrases_are_words_in_order_unless_they_mean_something_else(text, matches):
    assert GUARD.matches(text) is matches


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("give " + "-" * 300_000, id="one gap"),
        pytest.param("give -" * 60_000, id="many beginnings"),
        pytest.param("suicid" + "_" * 300_000, id="an open end"),
        pytest.param("kill myself laughing " * 20_000, id="many that mean no harm"),
    ],
)
def test_no_text_takes_long_to_search(text):
    begun = time.perf_counter()

    assert GUARD.matches(text) is text.startswith("suicid")

    # Quadratic work over these would take minutes; linear takes milliseconds.
    assert time.perf_counter() - begun < 5


def test_a_file_says_all_of_a_guard(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text('phrases = ["kill myself"]\nnotice = "To the analyst: read."\n')

    guard = Guard.load(str(path))

    assert (guard.name, guard.phrases) == ("small", ("kill myself",))
    assert guard.digest == Guard.load(str(path)).digest
    assert guard.digest != replace(guard, notice="Another notice.").digest


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('phrases = ["a"]\n', "no `notice`; fix"),
        ('notice = "n"\n', "no `phrases`; fix"),
        (
            'notice = "n"\nphrases = ["kill  me"]\n',
            "line 2: 'kill  me' is not a phrase: write words with one space",
        ),
        (
            'notice = "n"\nphrases = ["give ..."]\n',
            "line 2: 'give ...' is not a phrase",
        ),
        ('notice = "n"\nphrases = ["*"]\n', "line 2: '*' is not a phrase"),
    ],
)
def test_a_guard_that_is_wrong_is_refused_in_one_line(tmp_path, text, line):
    path = tmp_path / "wrong.toml"
    path.write_text(text)

    with pytest.raises(UsageError) as refused:
        Guard.load(str(path))

    assert line in str(refused.value)
