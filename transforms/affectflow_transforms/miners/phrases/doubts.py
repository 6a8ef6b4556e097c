"""What speaks against an emotion that a model chose, where its cause would be.

Regular expressions over lower-case text: of the clause, its sentence, the message.
"""

from dataclasses import dataclass

from affectflow_transforms.miners.phrases.complaints import BLAME, STRONG

_HEATED = rf"\b(?:{'|'.join((*STRONG, *BLAME))})\b"
_EVALUATES = r"\b(?:painful\w*|terribl[ey]|horribl[ey]|awful\w*|dreadful\w*)\b"
_SORROW = (
    r"\b(?:sad\w*|sorry|unhapp\w+|depress\w*|miserabl\w+|cr(?:y|ied|ying)|tears?|pity"
    r"|shame|alas|heart\w*|hopeless|lonely|mourn\w*|grie\w+|too bad|bummer"
    r"|unfortunate\w*)\b"
)
_FEAR = (
    r"\b(?:fear\w*|scar(?:ed|y)|worr\w+|concern\w*|nervous\w*|anxi\w+|risk\w*"
    r"|danger\w*)\b"
)


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """Patterns that speak against an emotion; an empty one is not searched for.

    Args:
      span: in the clause.
      sentence: in the sentence, with the mark that ends it.
      message: anywhere in the message.
      unless: in the sentence, by which it is meant after all.
    """

    span: str = ""
    sentence: str = ""
    message: str = ""
    unless: str = ""


_LIKING = Doubts(
    sentence=r"\?\s*\Z|(?:\b(?:not|no|never|isn't)|n't) (?:\w+ ){0,4}(?:good|great"
    r"|nice|best|fan"
    r"|better|helpful|love|like|appreciate|impress\w*|interest\w*|useful|awesome"
    r"|cool)\b"
)

DOUBTS: dict[str, Doubts] = {
    "admiration": _LIKING,
    "love": _LIKING,
    # Somebody else's trouble is cared for, not one's own, nor what is told off.
    "caring": Doubts(
        span=r"\b(?:issues?|problems?|bugs?|errors?|broken|fail\w*|wrong)\b",
        sentence=r"\b(?:needs?|please|calm down|who cares)\b",
        unless=r"\b(?:hope you|luck|sorry (?:for|to hear)|don't worry"
        r"|take care(?! of)|safe)\b",
    ),
    # A calm answer, or somebody else's confusion.
    "confusion": Doubts(
        sentence=r"\b(?:don't|dont|do not) (?:even |really )?know\b(?! (?:why|how"
        r"|what))"
        r"|\bconfus\w+",
        unless=r"\?\s*\Z|\b(?:i'm|i am|me|i was|i get|i got|my|we|quite|bit)\b.*confus"
        r"|\bconfus\w+ (?:me|us)\b",
    ),
    # Impatience, and what the other did, has or knows.
    "curiosity": Doubts(
        span=r"\A\W*(?:(?:have|did|do|are|were|don't|didn't|aren't|haven't) (?:you|u)"
        r"|(?:is|does|what is|what's) your)\b(?!.*\b(?:why|how|what|think|plans?"
        r"|planning)\b)",
        sentence=r"\bany (?:\w+ )?(?:updates?|news|progress|eta|movement)\b"
        rf"|\?\s*[?!]|!\s*\?|{_HEATED}",
        unless=r"\bwonder\w*|curious|interest\w+",
    ),
    # Short answers that only say no.
    "disapproval": Doubts(
        message=r"\A\W*(?:[\w\[\]|^-]+[:,] )?(?:(?:no|nope|nah|well"
        r"|sorry)\b\W*)?(?:because )?"
        r"(?:(?:i|we) (?:\w+ )?(?:don't|dont|do not|didn't|haven't|can't|cannot"
        r"|am not)\b"
        r"|i'm not|(?:no|nope|nah)\b)[^.!?\n]{0,40}\W*\Z",
    ),
    "fear": Doubts(sentence=rf"{_EVALUATES}|\bafraid\W*\Z", unless=_FEAR),
    # Thanks before a refusal, and those that close a subject.
    "gratitude": Doubts(
        sentence=r"\b(?:thank\w*|thx|appreciat\w*)[^.!?]{0,80}\b(?:but|though|however"
        r"|unfortunately)\b|\bfor (?:your )?(?:understanding|asking|contacting"
        r"|interest|attention|consideration)\b",
    ),
    "nervousness": Doubts(sentence=_EVALUATES, unless=_FEAR),
    "optimism": Doubts(sentence=r"\bhop(?:e|es|ing)(?: that)? you\b"),
    "remorse": Doubts(sentence=r"\bsorry,? (?:but|no|not|to say)\b"),
    "sadness": Doubts(sentence=_EVALUATES, unless=_SORROW),
    "surprise": Doubts(
        sentence=r"(?:\bnot|n't|\bwould|\bwill|\bun-?"
        r"|\bleast) ?(?:be )?(?:\w+ )?surpris\w+"
    ),
}
"""Of labels whose words are often said without the feeling."""
