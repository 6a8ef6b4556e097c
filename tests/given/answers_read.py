"""Steps of prompts, and what their parsers read in answers."""

from affectflow import registry
from affectflow.kinds.prompt import Answer, Step

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


QUOTED_TEXT = step("quoted_text", parts=("evidence", "reframe"))
READING = "The \u00dcbung failed.\nAgain and  again, the build \U0001f4a5 broke."
TITLES = ("Observation", "Reasoning", "Conclusion")
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
