"""Stock phrases that say a feeling and mean none, and questions that ask nothing.

Regular expressions over lower-case text.
"""

from affectflow_transforms.miners.phrases.complaints import STRONG
from affectflow_transforms.miners.phrases.emotions import FAMILIES

HOPE_IT_HELPS = (
    r"(?:hope|hopefully|hoping)(?: that)? (?:this|that|it|these|they|i)"
    r"(?:'ll|'s)?(?: \w+)? (?:help|work|clarif|answer|make|solve|clear|explain)\w*"
    r"|(?:hope|hopefully) (?:helpful|it's (?:clear|ok|fine|useful))"
    r"|(?:good|best of) luck"
)
"""How an answer ends: "Hope this helps! Good luck!"."""

AFRAID_NOT = (
    r"(?:i'm |i am |im )?afraid(?: that)?,? (?:i|we|you|there|not|so|no|none|that's"
    r"|it|the answer|this is|many|most)\b"
)
"""A polite refusal: "I'm afraid I can't help"."""

HATE_TO_SAY = (
    r"hate to (?:say|be|break|admit|ask|tell|give|disappoint|bother|sound|do this)\b"
    r"|(?:an|the) awful lot|mad (?:props|skills)"
)
"""Displeasure as a figure of speech: "I hate to say it"."""

LOVE_TO = r"(?:would|'d)(?: \w+)? love to"
"""A wish: "I'd love to hear"."""

STOCK: dict[str, tuple[str, tuple[str, ...]]] = {
    "hope": (
        HOPE_IT_HELPS,
        (r"hop(?:e|es|ing|ed|eful\w*)|optimis\w+|looking forward",),
    ),
    "fear": (AFRAID_NOT, FAMILIES["fear"]),
    "love": (LOVE_TO, (r"lov(?:e[sd]?|ely|ing)|ador\w+|fan of|favou?rite",)),
    "displeasure": (HATE_TO_SAY, STRONG),
}
"""Stock phrases, and the words by which the feeling is meant after all."""

RHETORICAL = (
    r"\b(?:(?:why|how|what|who) (?:on earth|in the world|the (?:hell|heck|fuck))|wtf"
    r"|kidding|how dare|(?:are|you) (?:you )?serious|seriously\W*\Z|call me crazy"
    r"|why would (?:you|i|we|any\w*|some\w*)(?: \w+)? (?:want|expect|do|submit|bother"
    r"|vote|need|care)|how can (?:this|that|it|you|any\w*) (?:possibly )?be\b"
    r"|isn't (?:that|this|it) (?:exactly|just|obvious)|what do you want me to"
    r"|what makes you think|(?:do|did|have|are|can) you (?:even|seriously|honestly)\b"
    r"|what(?:'s| is) the point|who in (?:his|her|their|the) right"
    r"|(?:no one|nobody) (?:can|wants|will))"
)
"""A question that is a complaint: "How can this be a duplicate?"."""
