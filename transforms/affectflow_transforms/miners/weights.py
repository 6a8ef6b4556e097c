"""The weights of the rules, in one table.

A candidate's score is the logistic function of the sum of its features. Set by hand,
by the order in which people would trust the evidence, and adjusted on the tuning halves
of two corpora (GitHub comments, two-person talk), never on the halves reported.
"""

import math

WORDING: dict[str, float] = {
    # The wording names the emotion and its cause together: as good as an answer.
    "feeling": 2.6,
    "verdict": 3.2,
    "attitude": 2.2,
    "sorry": 2.6,
    "thanks": 2.8,
    "thanks_to": 1.6,
    "disbelief": 2.4,
    "makes": 2.4,
    "which": 3.4,
    "hope": 1.6,
    "puzzle": 1.4,
    "subject": 2.4,
    "adverb": 2.6,
    # The wording names a cause, but perhaps of something other than the emotion.
    "because": 1.2,
    "fact": 1.9,
    "therefore": 0.7,
    "since": 0.8,
    # "When" dates as often as it explains.
    "when": 0.6,
    # Complaints name what is wrong without naming the emotion.
    "complaint": 1.5,
    "question": 0.5,
    "still": 1.4,
    "again": 1.3,
    "broken": 1.5,
}

CONNECTIVES = frozenset({"because", "fact", "therefore", "since", "when", "thanks_to"})
"""Wordings that may explain anything; what they explain stands next to them."""

FEATURE: dict[str, float] = {
    "bias": -1.1,
    # The emotion is said in the clause itself, in its sentence, or next to it.
    "feels_here": 1.5,
    "feels_sentence": 0.6,
    "feels_near": 0.3,
    # A causal wording next to the emotion explains it, ...
    "wording_near": 1.3,
    # ... and one far from it explains something else.
    "wording_far": -1.0,
    # Another sentence names the emotion in so many words, and this one does not.
    "named_elsewhere": -0.8,
    # What is thanked for is not what is praised, if something else is.
    "thanked": -2.5,
    "trouble": 1.2,
    "good_news": 0.5,
    # Displeasure alone: what follows weighs the more the longer the comment is.
    "blame": 0.4,
    "denied": -1.0,
    # What follows "but" is what somebody minds, and what follows "if" is supposed.
    "turns": 0.5,
    "supposed": -0.5,
    "meta": -2.0,
    "conceded": -4.0,
    # The next sentence judges this one.
    "judged": 1.5,
    # This one judges the one before.
    "judges": -1.8,
    # Displeasure is said outright in this sentence, or in another far from it.
    "outright": 0.8,
    "beside": 0.5,
    "elsewhere": -0.9,
    # No emotion is near, and nothing is complained about.
    "calm": -2.6,
    # And so everything in it says less.
    "room": -1.6,
    "intense": 0.2,
    "exclaims": 0.3,
    # A question is what surprise is about, and seldom what joy is about.
    "question_wonder": 0.9,
    "question_other": -0.3,
    "polite": -2.0,
    # People react first and explain afterwards, but explain less as they go on.
    "first": 0.7,
    "later_sentence": -0.12,
    # A sentence is no likelier than its clauses: chosen on authored development rows.
    "whole": 0.0,
    # It says the feeling and nothing else, or the opposite of it.
    "says_it": -3.0,
    "opposed": -1.5,
    "short": -0.5,
    # So does half a clause, a little less.
    "brief": -0.4,
    "long": -0.4,
    # "That's great": what is great was said earlier, if anything was.
    "anaphoric": -0.8,
}

LEADING = frozenset({"subject", "makes", "which"})
"""Wordings that follow the cause, which is the clause before them."""

EARLIER: dict[str, float] = {
    "bias": -1.0,
    "answered": 1.6,
    "quoted": 1.2,
    "previous": 0.8,
    "other_speaker": 0.5,
    # Memory fades: for each utterance in between.
    "distance": -0.25,
    "same_feeling": 0.6,
    "trouble": 0.6,
    "good_news": 0.5,
    "question": -0.3,
    # Only for displeasure: a long complaint names the cause itself.
    "room": -2.0,
    # What was said before is calm.
    "doubtful": -1.0,
}


def logistic(total: float) -> float:
    """Returns 0..1."""
    return 1 / (1 + math.exp(-total))
