"""Observations of each measure: good ones, and one for each refusal."""

import math
from collections.abc import Iterable, Mapping

import pyarrow as pa

from affectflow.kinds.measure import Measure
from affectflow_transforms.measures.weighted_gold import UNREAD
from affectflow_transforms.tracks.raters import unread
from tests.given.pair_tables import DUELS, LABELS

PAIRS = [
    {"candidate": "so annoying!", "reference": "this is so annoying!"},
    {"candidate": "", "reference": "the build", "annotator_id": "m", "unit": "c1"},
    {"candidate": "The build broke", "reference": "the build", "group": "issue"},
    {"candidate": "broke\nagain", "reference": "Again", "group": "issue", "unit": "c1"},
    {"candidate": "a", "reference": " \u00a0"},
    {"candidate": None, "reference": "a"},
]
RATINGS = [
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "[3, 2, 3]"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "1"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "[4]"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall")),
]
RATINGS += [{**row, "annotator_id": "m", "unit": "c1"} for row in RATINGS]
TRACES = [
    {
        "recording": "call",
        "dimension": "arousal",
        "rater": rater,
        "time": place / 10,
        "value": value,
    }
    for rater, values in (("a", (1, 2, 3, 2)), ("b", (2, 3, 4, 2)), ("c", (2, 2, 3, 1)))
    for place, value in enumerate(values)
]
TRACES += [
    *(
        {**TRACES[0], **odd}
        for odd in ({"value": float("inf")}, {"time": -1.0}, {"group": "x"})
    ),
    *(unread("a.csv", reason).to_pylist()[0] for reason in UNREAD.values()),
]
ANSWERS = [
    {"gold": "joy", "label": "joy", "judged": "fear", "reason": "they laugh"},
    {"gold": "joy", "label": "fear", "judged": "Joy", "annotator_id": "m"},
    {"gold": "awe", "label": "awe", "judged": "awe", "reason": "in Awe.", "unit": "c1"},
    {"gold": "awe", "label": None, "judged": "awe"},
    {"gold": None, "label": "awe", "judged": "awe"},
    {"gold": "awe", "label": "awe", "judged": None},
]
CLIPS = [
    {"part": part, "unit": f"{part}{n}", "channel": channel, "value": n + shift}
    for part, shift in (("good", 0.5), ("bad", 0.0))
    for channel in ("AU12", None)
    for n in range(6)
]
CLIPS += [
    {"part": "good", "unit": "bad1", "channel": "AU12", "value": 3.0, "frames": 2.0},
    {"part": "few", "unit": "few1", "value": 1.0, "speaker": "x", "group": "x"},
    *(
        {**CLIPS[0], **odd}
        for odd in ({"value": float("nan")}, {"frames": 0.0}, {"unit": None})
    ),
]
SCALED = [
    {"rater": rater, "item": item, "value": value + shift, "base": base}
    for rater, shift in (("a", 0.0), ("b", 1.0), ("c", 0.5))
    for item, value, base in (
        *(("1", 1.0, 1.5), ("2", 3.0, 2.5), ("3", 4.0, 4.0), ("4", 2.0, None)),
    )
]
SCALED += [
    {**SCALED[0], "label": "calm", "group": "x"},
    {**SCALED[0], "base": float("inf")},
    {**SCALED[0], "rater": None},
]
VOTES = [
    {"item": item, "rater": rater, "answer": answer}
    for rater, answers in (("a", "yyn"), ("b", "yyn"), ("c", "ynn"))
    for item, answer in zip("123", answers, strict=True)
]
VOTES += [
    {"item": "1", "rater": "a", "answer": " ", "question": "joy", "unit": "c1"},
    {"item": "1", "rater": None, "answer": "y", "group": "x"},
    {"item": None, "rater": "a", "answer": "y"},
    {"item": "1", "rater": "a", "answer": None},
]
STREAMS = [
    {"unit": unit, "place": place, "score": score, "truth": str(unit == "a")}
    for unit, scores in (("a", (1.0, -3.0)), ("b", (-1.0, 2.0)), ("c", (-1.0,)))
    for place, score in enumerate(scores, 1)
]
STREAMS += [
    {**STREAMS[0], **odd}
    for odd in (
        *({name: None} for name in ("unit", "place", "score", "truth")),
        *({"score": float("inf")}, {"place": 0}, {"truth": "7"}, {"group": "x"}),
    )
]
TALKS = [
    {
        "conversation_id": f"c{number}",
        "role": role,
        "text": f"{said} {('not me', 'that is so')[number % 2]}",
        "label": ("no", "yes")[number % 2],
        "place": place,
    }
    for number in (1, 2, 9, 14)  # of two folds
    for place, (role, said) in enumerate((("x", "how are you"), ("y", "I am here")), 1)
]
TALKS += [
    {**TALKS[0], **odd}
    for odd in (
        *({name: None} for name in ("conversation_id", "role", "text", "label")),
        *({"text": "?!"}, {"role": " "}),
    )
]
RATED = [
    {"perspective": who, "value": value, "label": "anger", "unit": unit}
    for unit, values in (("t1", (3, 1, 0, 0)), ("t2", (1, 1, 2, 1)), ("t3", (0, 2, 0)))
    for who, value in zip(("writer", *["reader"] * 3), values, strict=False)
]
RATED += [
    *({**RATED[0], "group": "g"}, {**RATED[1], "group": "g", "sd": 0.5, "raters": 2}),
    *({**RATED[0], "unit": None}, {**RATED[0], "perspective": "critic"}),
    *({**RATED[0], "value": float("inf")}, {**RATED[0], "raters": 0}),
    *({**RATED[0], "value": None}, {**RATED[0], "perspective": None}),
]
SIDES = [
    {"text": "so Angry about it", "side": "hidden", "gap": 3.0, "noise": 0.5},
    {"text": "fine, don't mind", "side": "shown", "gap": 1.0, "noise": 0.5},
    {"text": "so angry", "side": "shown", "group": "g"},
    {"text": "", "side": "neither", "gap": -1.0, "noise": 0.25},
    {"text": "fine", "side": "shown", "gap": float("inf")},
    {"text": None, "side": "shown"},
    {"text": "fine", "side": None},
]
FLAGGED = [
    {
        "part": part,
        "truth": str(number % 2 == 0),
        "chosen": str(number < 4),
        "speaker": f"s{number}",
        "pair": f"p{number}" if number else None,
        "unit": f"c{number // 2}",
    }
    for part in ("new", "old")
    for number in range(6)
]
FLAGGED += [
    *({**FLAGGED[0], "group": "g"}, {**FLAGGED[0], "part": "few", "weight": 2.5}),
    *({**FLAGGED[0], "part": None}, {**FLAGGED[0], "truth": None}),
    *({**FLAGGED[0], "chosen": None}, {**FLAGGED[0], "value": float("inf")}),
    *({**FLAGGED[0], "truth": "7"}, {**FLAGGED[0], "chosen": "NaN"}),
    {**FLAGGED[0], "weight": -1.0},
]
GRADES = [
    {"person": person, "rater": rater, "rating": float(rating), "item": "anger"}
    for person, ratings in {"p": "012", "q": "102", "r": "201", "s": "121"}.items()
    for rater, rating in zip("abc", ratings, strict=True)
]
GRADES += [
    {**GRADES[0], "item": None, "rating": 1.0, "unit": "c1"},
    {**GRADES[4], "item": None, "group": "x", "weight": 2.0},
    {**GRADES[0], "rating": 0.5},
    {**GRADES[0], "rating": float("inf")},
    {**GRADES[0], "weight": -1.0},
    {**GRADES[0], "rater": None},
]
MESSAGES = [
    {
        "frustration": float(n % 3 == 0),
        "wait_hours": str(n % 7 / 2),
        "turns_before": str(n % 5),
        "is_review": "true" if n % 2 else "false",
        "role": ("member", "none", "owner")[n % 4 % 3],
        "unit": f"c{n % 4}",
        "group": "a" if n < 8 else None,
    }
    for n in range(12)
]
MESSAGES += [
    {**MESSAGES[0], "wait_hours": "inf"},
    {**MESSAGES[0], "frustration": float("-inf")},
    *({**MESSAGES[0], "role": None}, {**MESSAGES[0], "wait_hours": None}),
]
SHARES = [
    {"cohort": cohort, "factor": factor, "attribution": share, "unit": "c"}
    for cohort, shares in (("a", (-0.5, 0.25)), ("b", (0.25, 0.5)), ("c", (0.0, 0.0)))
    for factor, share in zip(("wait", "role"), shares, strict=True)
]
SHARES += [
    {**SHARES[0], "group": "x"},
    {**SHARES[0], "factor": "length", "cohort": "d"},
    {**SHARES[0], "attribution": float("inf")},
    {**SHARES[0], "factor": None},
]
RUNS = [
    {"action": n % 5 / 2, "latent": n % 5 + n % 7 / 4, "outcome": n % 7 / 2 - n % 5}
    for n in range(16)
]
RUNS += [
    {**RUNS[0], "unit": "c", "group": "x"},
    {**RUNS[0], "latent": float("inf")},
    {**RUNS[0], "outcome": None},
]
PAIRED = [
    {
        "item": f"{place}",
        "gold": g,
        "base": b,
        "label": told,
        "stimulus": "positive:EP02",
    }
    for place, (g, b, told) in enumerate(zip("abab", "aaxb", "abab", strict=True))
]
PAIRED += [
    {**PAIRED[0], **odd}
    for odd in (
        *({name: None} for name in ("item", "gold", "base", "label", "stimulus")),
        *({"gold": " "}, {"stimulus": ""}),
        *({"group": "x"}, {"annotator_id": "m", "unit": "c1"}),
    )
]
LABELLED = [
    {"gold": gold, "predicted": predicted}
    for gold, predicted in (
        (["joy"], ["happy", "mad"]),
        (["worried"], []),
        (["no such word"], ["joy"]),
        ([], ["joy"]),
        (None, ["joy"]),
        (["joy"], None),
        (["joy", "fear"], ["joy"]),
    )
]
LABELLED += [{**LABELLED[0], "annotator_id": "m", "unit": "c1", "group": "x"}]
SCORED = [
    {"gold": gold, "scores": scores}
    for gold, scores in (
        ("low", [0.5, 0.3, 0.2]),
        ("high", [0.1, 0.5, 0.4]),
        ("mid", [None, 0.6, None]),
        ("huge", [0.5, 0.3, 0.2]),
        ("low", [0.5, 0.5]),
        ("low", [0.5, math.nan, 0.2]),
        (None, [0.5, 0.3, 0.2]),
        ("low", None),
    )
]
SCORED += [{**SCORED[0], "annotator_id": "m", "unit": "c1", "group": "x"}]
OBSERVATIONS = {
    "BradleyTerry": DUELS,
    "Consensus": VOTES,
    "DoublyRight": ANSWERS,
    "DriverImportance": MESSAGES,
    "EarlyRisk": STREAMS,
    "ExplanationQuality": RATINGS,
    "Expressions": SIDES,
    "FacetedRasch": GRADES,
    "GroupGap": FLAGGED,
    "ImportanceConsistency": SHARES,
    "InterventionExtrapolation": RUNS,
    "LengthControlled": DUELS,
    "PerceptionGap": RATED,
    "PreferenceBias": LABELS,
    "PromptUplift": PAIRED,
    "SequentialHit": SCORED,
    "SpeakerLeakage": TALKS,
    "TextOverlap": PAIRS,
    "WeightedGold": TRACES,
    "WheelScore": LABELLED,
    "GroupDifference": CLIPS,
    "PersonalScale": SCALED,
}
"""Of each measure some that count, and some for each reason to leave them out."""
OPTIONS = {
    # The scale of each rater tells about persons, whom nobody here allows.
    "PersonalScale": {"tell": "held_out", "examples": (0, 1)},
    "SequentialHit": {"labels": ("low", "mid", "high")},
    "SpeakerLeakage": {"permutations": 2},  # each is as many fits
    "WheelScore": {"suite": "discrete"},  # which refuses what the others do
}


def batch(rows: Iterable[Mapping], measure: Measure) -> pa.RecordBatch:
    schema = pa.schema([pa.field("group", pa.string()), *measure.reads])
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)
