"""Turns of a conversation as the miners of causes take them."""

from typing import Any

import pyarrow as pa

from affectflow.kinds.miner import Miner
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN, UTTERANCES, fields
from affectflow_transforms.miners.rules import RuleMiner

SCHEMA = pa.schema(
    [
        *fields(
            UTTERANCES,
            "utterance_id",
            "conversation_id",
            "speaker_id",
            "reply_to",
            "text",
            "segments",
        ),
        ANNOTATIONS_COLUMN,
        CUES_COLUMN,
    ]
)


def emotion(label: str, **given: Any) -> dict[str, Any]:
    return {
        "annotator_id": "hand",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "chosen": True,
        "status": "ok",
        "experiencer": "self",
        **given,
    }


def turn(number: int, speaker: str, text: str, *labels: str, **given: Any) -> Any:
    return {
        "utterance_id": f"u{number}",
        "conversation_id": "c",
        "speaker_id": speaker,
        "text": text,
        "segments": [],
        "annotations": [emotion(label) for label in labels],
        **given,
    }


def mine(
    *rows: Any, miner: Miner[Any] | None = None, **options: Any
) -> list[list[dict[str, Any]]]:
    """Returns the causes in each row, by a miner; without one, by rules."""
    batch = pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA)
    miner = miner or RuleMiner(**options)
    mined: list[list[dict[str, Any]]] = miner.mine(batch, miner.load_model())[
        "causes"
    ].to_pylist()
    return mined


def only_cause(text: str, label: str, **given: Any) -> dict[str, Any]:
    ((cause,),) = mine(turn(1, "ann", text, label, **given))
    return cause


SENTENCES = {
    "because": (
        "I am really annoyed because the build takes two hours",
        "annoyance",
        "the build takes two hours",
    ),
    "because_of": (
        "I'm sad because of the lost commits!",
        "sadness",
        "the lost commits",
    ),
    "due_to": (
        "Very frustrated due to constant merge conflicts.",
        "annoyance",
        "constant merge conflicts",
    ),
    "since": (
        "This is infuriating, since the installer deletes my settings.",
        "anger",
        "the installer deletes my settings",
    ),
    "when": (
        "It is so annoying when the tests fail randomly.",
        "annoyance",
        "the tests fail randomly",
    ),
    "every_time": (
        "I get angry every time the editor loses my changes.",
        "anger",
        "the editor loses my changes",
    ),
    "frustrated_that": (
        "Frustrated that nobody reviews pull requests here.",
        "annoyance",
        "nobody reviews pull requests here",
    ),
    "tired_of": (
        "I'm tired of rebasing this branch every day.",
        "annoyance",
        "rebasing this branch every day",
    ),
    "sick_of": (
        "Sick of your flaky nightly builds!",
        "anger",
        "your flaky nightly builds",
    ),
    "fed_up_with": (
        "Honestly fed up with the outdated documentation.",
        "annoyance",
        "the outdated documentation",
    ),
    "disappointed_by": (
        "I am disappointed by the lack of response from the maintainers.",
        "disappointment",
        "the lack of response from the maintainers",
    ),
    "hate_it_when": (
        "I hate it when the linter rewrites my imports.",
        "anger",
        "the linter rewrites my imports",
    ),
    "verdict_that": (
        "It is ridiculous that a patch release breaks the public API.",
        "annoyance",
        "a patch release breaks the public API",
    ),
    "makes_me": (
        "Losing my work after every update makes me furious.",
        "anger",
        "Losing my work after every update",
    ),
    "which_is": (
        "The dialog steals keyboard focus, which is really annoying.",
        "annoyance",
        "The dialog steals keyboard focus",
    ),
    "adverb": (
        "Unfortunately, the plugin does not support version five.",
        "sadness",
        "the plugin does not support version five",
    ),
    "complaint": (
        "Why does every release break my configuration?",
        "annoyance",
        "Why does every release break my configuration",
    ),
    "still": (
        "Three years later and there is still no dark theme.",
        "annoyance",
        "Three years later and there is still no dark theme",
    ),
    "keeps": (
        "Hello all. The server keeps dropping connections.",
        "annoyance",
        "The server keeps dropping connections",
    ),
    "broken": (
        "Hi there, folks! The search box is completely unusable.",
        "annoyance",
        "The search box is completely unusable",
    ),
    "thanks_for": (
        "Thanks for the quick review!",
        "gratitude",
        "the quick review",
    ),
    "thank_you_so_much_for": (
        "Thank you so much for fixing the memory leak.",
        "gratitude",
        "fixing the memory leak",
    ),
    "thanks_to_somebody_for": (
        "Thanks @bob for catching that typo, I missed it.",
        "gratitude",
        "catching that typo",
    ),
    "appreciate": (
        "We really appreciate your patience and help.",
        "gratitude",
        "your patience and help",
    ),
    "love_how": (
        "I love how fast the new parser is.",
        "love",
        "fast the new parser is",
    ),
    "glad_that": (
        "So glad that the memory leak is fixed.",
        "joy",
        "the memory leak is fixed",
    ),
    "sorry_for": (
        "Sorry for breaking the main branch.",
        "remorse",
        "breaking the main branch",
    ),
    "sorry_i": (
        "Sorry, I forgot to add the changelog entry.",
        "remorse",
        "I forgot to add the changelog entry",
    ),
    "afraid_that": (
        "I'm afraid that this change breaks older clients.",
        "fear",
        "this change breaks older clients",
    ),
    "worried_about": (
        "I am worried about the memory usage of this cache.",
        "nervousness",
        "the memory usage of this cache",
    ),
    "cannot_believe": (
        "I can't believe the tests passed on the first run.",
        "surprise",
        "the tests passed on the first run",
    ),
    "no_idea_why": (
        "No idea why the deployment failed.",
        "confusion",
        "No idea why the deployment failed",
    ),
    "cut_at_but": (
        "I hate the new sidebar layout, but the rest is fine.",
        "annoyance",
        "the new sidebar layout",
    ),
}
