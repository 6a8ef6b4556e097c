"""What parsers make of answers: the values of the papers, and of nonsense."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affectflow import registry
from affectflow.kinds.prompt import Answer, Step, is_closed, parser_of
from affectflow.schemas import Status
from affectflow_transforms.parsers.labels import render_open_set
from affectflow_transforms.parsers.parts import render_steps
from affectflow_transforms.parsers.spans import place_of
from tests.given.proving import in_proof

EMOTIONS = ("anger", "fear", "joy", "sadness", "neutral")
YES_NO = ("yes", "no")


def step(parser: str, *labels: str, **options) -> Step:
    return Step(name="asked", text="?", parser=parser, labels=labels, options=options)


def parsed(raw: str, asked: Step, reading: str = "") -> list[Answer]:
    parser = registry.load("parsers", asked.parser)
    return parser(raw, step=asked, reading=reading)


def said(raw: str, asked: Step, reading: str = "") -> list[tuple]:
    """Returns what an answer says: label or value, and the status if it is not ok."""
    return [
        tuple(
            each
            for each in (a.label, a.value, a.status.word if a.status else None)
            if each is not None
        )
        for a in parsed(raw, asked, reading)
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("joy", "joy", id="a label"),
        pytest.param(">> **Joy**.\n", "joy", id="a label in markup"),
        pytest.param("Joy, because it works again", "joy", id="a label, then why"),
        pytest.param("The author is full of joy", "joy", id="a label in prose"),
        pytest.param("It is not anger but fear", "fear", id="a label that is denied"),
        pytest.param("<think>anger?</think>fear", "fear", id="after thinking"),
        pytest.param("anger, joy", "unparsed", id="two at the head"),
        pytest.param("anger or joy", "unparsed", id="two"),
        pytest.param("jealousy", "out_of_vocabulary", id="another label"),
        pytest.param("I am only a language model here", "unparsed", id="prose"),
        pytest.param("enjoyment", "out_of_vocabulary", id="a label inside a word"),
        pytest.param("<think>joy, surely", "empty", id="thinking that never ended"),
        pytest.param("", "empty", id="nothing"),
    ],
)
def test_one_label_is_read(raw, expected):
    assert said(raw, step("label", *EMOTIONS)) == [(expected,)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Yes, there is no doubt.", "yes"),
        ("No. The post is calm.", "no"),
        ("No, yes", "unparsed"),
        ("not sure", "out_of_vocabulary"),
    ],
)
def test_an_answer_that_begins_with_a_label_is_that_label(raw, expected):
    assert said(raw, step("label", *YES_NO)) == [(expected,)]


def test_the_longest_label_and_other_spellings_count():
    labels = ("suicide or self-harm", "suicide", "none")
    asked = step("label", *labels, aliases={"no disorder": "none"})

    assert said("It shows suicide or self-harm", asked) == [("suicide or self-harm",)]
    assert said("There is no disorder here", asked) == [("none",)]


def test_every_label_parses_to_itself_and_can_be_asked_by_likelihood():
    for labels in (EMOTIONS, YES_NO, ("self-harm", "all-or-nothing", "AC/DC")):
        asked = step("label", *labels)
        assert [said(each, asked) for each in labels] == [[(each,)] for each in labels]
        assert is_closed(asked, parser_of(asked))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(">>joy, fear", [("joy",), ("fear",)], id="a list"),
        pytest.param("Joy and fear.", [("joy",), ("fear",)], id="and"),
        pytest.param("neutral or no emotion", [("neutral",)], id="or in a name"),
        pytest.param("- joy\n- joy", [("joy",)], id="twice"),
        pytest.param(
            "There is joy and some fear in it, though little",
            [("joy",), ("fear",)],
            id="prose",
        ),
        pytest.param("joy, envy", [("joy",), ("out_of_vocabulary",)], id="one of two"),
        pytest.param("envy", [("out_of_vocabulary",)], id="another"),
        pytest.param("none", [("abstained",)], id="none"),
        pytest.param("[]", [("abstained",)], id="an empty list"),
        pytest.param(
            "As an AI, I do not know what people feel", [("unparsed",)], id="x"
        ),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_several_labels_are_read(raw, expected):
    aliases = {"neutral or no emotion": "neutral"}

    assert said(raw, step("label_set", *EMOTIONS, aliases=aliases)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (">>0.896", ("joy", 0.896)),
        ("0.879", ("joy", 0.879)),
        ("Intensity Score: 0.5 of 1", ("joy", 0.5)),
        ("1", ("joy", 1.0)),
        ("1.7", ("out_of_range",)),
        ("\u22120.1", ("out_of_range",)),
        ("1e999", ("out_of_range",)),
        ("four", ("unparsed",)),
        ("EP02", ("unparsed",)),
        ("", ("empty",)),
    ],
)
def test_a_score_is_the_first_number(raw, expected):
    assert said(raw, step("score", name="joy", low=0, high=1)) == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (">>-3: very negative emotional state can be inferred", ("valence", -3.0)),
        ("\u22122", ("valence", -2.0)),
        ("+1", ("valence", 1.0)),
        ("4", ("out_of_range",)),
        ("1.7", ("unparsed",)),
        ("12345678901", ("unparsed",)),
        ("class 3", ("unparsed",)),
        ("3/7", ("unparsed",)),
        ("four", ("unparsed",)),
        ("", ("empty",)),
    ],
)
def test_a_step_of_a_scale_is_the_leading_whole_number(raw, expected):
    assert said(raw, step("ordinal", name="valence", low=-3, high=3)) == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("[]", [("abstained",)], id="no label"),
        pytest.param(
            "[happy, sad, and angry]", [("happy",), ("sad",), ("angry",)], id="and"
        ),
        pytest.param("""['a', "b"]""", [("a",), ("b",)], id="quotes"),
        pytest.param("happy.", [("happy",)], id="a dot"),
        pytest.param("['a' 'b'\n 'c']", [("a",), ("b",), ("c",)], id="as numpy prints"),
        pytest.param("array(['a', 'b'], dtype='<U1')", [("a",), ("b",)], id="an array"),
        pytest.param("Output: [Happy]", [("happy",)], id="a title"),
        pytest.param("don't care", [("don't care",)], id="an apostrophe"),
        pytest.param("none", [("abstained",)], id="none"),
        pytest.param("The person seems to be happy", [("unparsed",)], id="prose"),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_any_labels_are_read(raw, expected):
    assert said(raw, step("open_set")) == expected


@settings(max_examples=in_proof(2000, 30), deadline=None)
@given(st.text("ab,;[]'\".&\n (){}-_*<>`|and", max_size=40) | st.text())
@example("[and, and]")
@example("[[a]]")
def test_any_labels_written_out_are_read_as_the_same(raw):
    asked = step("open_set")
    once = [a for a in parsed(raw, asked) if a.label]

    again = [a for a in parsed(render_open_set(once), asked) if a.label]

    assert again == once


# -- spans -----------------------------------------------------------------------------

QUOTED_TEXT = step("quoted_text", parts=("evidence", "reframe"))
READING = "The \u00dcbung failed.\nAgain and  again, the build \U0001f4a5 broke."


@pytest.mark.parametrize(
    ("raw", "span"),
    [
        (
            'It says "the build \U0001f4a5 broke", so it is',
            "the build \U0001f4a5 broke",
        ),
        ("\u201cfailed\u201d", "failed"),
        ("The \u00dcbung", "The \u00dcbung"),
        ('"again and again"', "Again and  again"),
    ],
)
def test_a_quoted_span_is_found_where_it_stands(raw, span):
    (found,) = parsed(raw, step("quoted"), READING)

    assert found.status == Status.OK
    assert found.text == READING[found.start : found.end] == span


@pytest.mark.parametrize(
    ("raw", "status"),
    [('"the tests"', "unaligned"), ("none", "abstained"), ("", "empty")],
)
def test_a_span_that_does_not_stand_there_has_no_place(raw, status):
    (found,) = parsed(raw, step("quoted"), READING)

    assert (found.start, found.end, found.status.word) == (None, None, status)


@settings(max_examples=in_proof(2000, 20), deadline=None)
@given(st.text(), st.text())
def test_a_place_is_that_of_the_span_but_for_case_and_blanks(span, reading):
    place = place_of(span, reading)

    if place is not None:
        found = reading[slice(*place)]
        assert found == span or found.lower().split() == span.lower().split()
    assert place is not None or span not in reading or not span


# -- parts -----------------------------------------------------------------------------

TITLES = ("Observation", "Reasoning", "Conclusion")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            "Observation: brows: up\nReasoning: so\nConclusion: joy",
            {"Observation": "brows: up", "Reasoning": "so", "Conclusion": "joy"},
            id="a colon inside",
        ),
        pytest.param(
            "**Observation**: a\n\n2. **Reasoning:** b\n## Conclusion\nc\nd",
            {"Observation": "a", "Reasoning": "b", "Conclusion": "c\nd"},
            id="a colon outside, a number, and a heading",
        ),
        pytest.param(
            "Observation: a\nConclusion: c",
            {"Observation": "a", "Reasoning": None, "Conclusion": "c"},
            id="the middle is missing",
        ),
        pytest.param(
            "Observation:\nReasoning: b",
            {"Observation": None, "Reasoning": "b", "Conclusion": None},
            id="an empty one",
        ),
        pytest.param("", dict.fromkeys(TITLES), id="nothing"),
    ],
)
def test_sections_are_read_by_their_titles(raw, expected):
    found = parsed(raw, step("sections", parts=TITLES))

    assert {each.label: each.text or None for each in found} == expected
    assert all((not a.text) == (a.status == Status.UNPARSED) for a in found)


EMPATHY = Step(
    name="chain",
    text="?",
    parser="steps",
    labels=("sad", "happy"),
    options={
        "parts": [
            {"name": "event", "mark": "Firstly"},
            {"name": "emotion", "mark": "Secondly", "tag": "emo", "label": True},
            {"name": "cause", "mark": "Thirdly"},
            {"name": "goal", "mark": "Fourthly"},
            {"name": "response", "mark": "Finally", "close": "</response>"},
        ]
    },
)
NAMES = [each["name"] for each in EMPATHY.options["parts"]]
PARTS = st.text("abS \n:,<>emo/" + "\u00e9\U0001f4a5") | st.sampled_from(
    ["a\nSecondly, b", "Secondly", "Firstly,\n\n Thirdly, x", "1.\n2.", "a\n b"]
)
FIELDS = PARTS.map(str.strip).filter(bool)


@settings(max_examples=in_proof(2000, 30), deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)))
def test_steps_written_out_are_read_as_the_same(values):
    found = parsed(render_steps(values, EMPATHY), EMPATHY)

    assert [each.text for each in found] == [values[name] for name in NAMES]


WHOLE = {
    "event": "the dog\nSecondly, and this is still the event, died",
    "emotion": "sad",
    "cause": "a loss",
    "goal": "comfort",
    "response": "I am sorry.",
}


@pytest.mark.parametrize("missing", NAMES)
def test_a_step_that_is_missing_is_named_and_the_others_keep_their_places(missing):
    lines = render_steps(WHOLE, EMPATHY).split("\n")
    marks = {each["name"]: each["mark"] for each in EMPATHY.options["parts"]}
    kept = "\n".join(x for x in lines if not x.startswith(marks[missing]))

    found = dict(zip(NAMES, parsed(kept, EMPATHY), strict=True))

    assert found[missing].status == Status.UNPARSED
    assert found[missing].label == missing
    others = [name for name in NAMES if name not in (missing, "event")]
    assert all(found[name].text == WHOLE[name] for name in others)


def test_a_model_that_does_not_indent_is_read_too():
    raw = (
        "Firstly, a\nSecondly, still a\nSecondly, <emo>Sad</emo>\nThirdly, b\n"
        "Fourthly, c\nFinally, d</response> and more"
    )

    found = parsed(raw, EMPATHY)

    assert [each.text for each in found] == ["a\nSecondly, still a", "Sad", *"bcd"]
    assert [each.label for each in found][:2] == ["event", "sad"]


def test_an_emotion_that_is_no_label_is_kept_as_text():
    raw = render_steps(WHOLE | {"emotion": "melancholy"}, EMPATHY)

    emotion = parsed(raw, EMPATHY)[1]

    assert emotion == Answer(
        "emotion", text="melancholy", status=Status.OUT_OF_VOCABULARY
    )


@pytest.mark.parametrize(
    ("raw", "label", "why"),
    [
        ("No. Reasoning: it is calm.", "no", "it is calm."),
        ("Yes, it does.\n\nReasoning:\nIt hurts.", "yes", "It hurts."),
        ("Yes. \n\nThe words are dark.", "yes", "The words are dark."),
        ("Yes", "yes", None),
        ("It is hard to say. Reasoning: who knows?", None, "who knows?"),
        ("Reasoning: no idea.", None, "no idea."),
        ("", None, None),
    ],
)
def test_a_label_and_its_reason_are_read_apart(raw, label, why):
    first, second = parsed(raw, step("reasoned", *YES_NO, parts=("explanation",)))

    assert (first.label, second.text or None) == (label, why)
    assert second.label == "explanation"
    assert (first.status == Status.OK) == (label is not None)


# -- JSON ------------------------------------------------------------------------------

ITEMS = ("a", "b", "c")
COUNTED = step(
    "fields",
    parts=(*ITEMS, "sum", "five"),
    low=0,
    high=3,
    total="sum",
    at_least="five",
    cut=5,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            'Sure: {"a": 3, "b": "2", "c": 0, "sum": 1} done',
            [("a", 3.0), ("b", 2.0), ("c", 0.0), ("sum", 5.0), ("five", 1.0)],
            id="its own sum does not count",
        ),
        pytest.param(
            '{"a": 1, "b": 1.0, "c": 2}',
            [("a", 1.0), ("b", 1.0), ("c", 2.0), ("sum", 4.0), ("five", 0.0)],
            id="below the cut",
        ),
        pytest.param(
            '{x} {"a": 4, "b": true, "c": 1}',
            [
                ("a", "out_of_range"),
                ("b", "unparsed"),
                ("c", 1.0),
                ("sum", "unparsed"),
                ("five", "unparsed"),
            ],
            id="no total of a part",
        ),
        pytest.param("{" * 5000, [("unparsed",)], id="no object"),
        pytest.param('{"a": ' * 50000, [("unparsed",)], id="too deep"),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_fields_are_read_and_added_up(raw, expected):
    assert said(raw, COUNTED) == expected


@pytest.mark.parametrize(
    ("raw", "place", "reply"),
    [
        ('"the build"\nIt can be mended.', (36, 45), "It can be mended."),
        ('"the tests" - Calm down.', None, "Calm down."),
        ("It can be mended.", None, "It can be mended."),
        ('"failed"', (10, 16), None),
        ("", None, None),
    ],
)
def test_a_quote_and_the_words_after_it_are_read_apart(raw, place, reply):
    span, text = parsed(raw, QUOTED_TEXT, READING)

    assert (span.label, text.label) == ("evidence", "reframe")
    assert (text.text or None) == reply
    assert ((span.start, span.end) if span.status == Status.OK else None) == place
    assert (text.status == Status.OK) == (reply is not None)


def test_a_text_is_kept_as_it_is():
    (found,) = parsed(" a reply\nof two lines ", step("text", name="reply"))

    assert found == Answer("reply", text="a reply\nof two lines")
    assert said("  ", step("text")) == [("empty",)]


# -- whatever comes --------------------------------------------------------------------

ANY_STEP = [
    step("label", *EMOTIONS),
    step("label_set", *EMOTIONS),
    step("open_set"),
    step("score"),
    step("ordinal", low=-3, high=3),
    step("quoted"),
    step("text"),
    QUOTED_TEXT,
    step("sections", parts=TITLES),
    EMPATHY,
    step("reasoned", *YES_NO),
    COUNTED,
]
PIECES = st.sampled_from(
    ["joy", "yes", "no", "3", "-", "Firstly,", "Secondly, <emo>", "</emo>", "\n", '"',
     "Reasoning:", '{"a": ', "1e999", "9" * 400, "}", "[", "]", "<think>", ">>", "NaN"]
)  # fmt: skip
NONSENSE = st.text() | st.lists(PIECES | st.text(max_size=3)).map(" ".join)


@pytest.mark.parametrize("asked", ANY_STEP, ids=lambda asked: asked.parser)
@settings(max_examples=in_proof(2000, 12), deadline=None)
@given(raw=NONSENSE, reading=st.text())
@example(raw="\ud800", reading="\x00")
def test_a_parser_answers_whatever_the_model_said(asked, raw, reading):
    found = parsed(raw, asked, reading)

    assert found
    for each in found:
        assert isinstance(each.status, Status)
        assert each.value is None or each.value == each.value
        assert (each.start is None) == (each.end is None)
        if each.start is not None:
            assert reading[each.start : each.end] == each.text
        if asked.parser in ("label", "label_set"):
            assert each.label is None or each.label in asked.labels
            assert (each.label is None) == (each.status != Status.OK)


def test_every_parser_is_fuzzed_here():
    assert {each.parser for each in ANY_STEP} == set(registry.names("parsers"))
