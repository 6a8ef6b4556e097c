"""Thanks, apologies and wishes as such, which name no cause, and degrees.

Regular expressions over lower-case text.
"""

_OPENERS = (
    r"\W*(?:(?:ok|okay|great|well|and|but|so|anyway|many|much|big|huge|my|our|best|warm"
    r"|sincere|very|really|terribly|truly|deepest|i|i'm|i am|we|we're|we are|just|again"
    r"|please accept|do|want(?:ed)? to say|say|once)\W+)*"
)
_TO_WHOM = (
    r"(?:you|so|very|much|a|lot|lots|ton|million|bunch|again|all|both|everyone"
    r"|everybody"
    r"|guys|folks|team|in|advance|and|with|best|kind|warm|many|wishes|regards|greetings"
    r"|from|to|anyway|though|already|up|front|dear)"
)
_NAME = r"(?:\W+[\w.'-]+){0,3}\W*\Z"

BARE_THANKS = (
    _OPENERS + r"(?:thanks?|thx|tnx|cheers|much obliged|appreciated)\b"
    r"(?!.*\b(?:for|that|because)\b)"
    rf"(?:\W+{_TO_WHOM}\b)*{_NAME}"
)
"""Thanks, and whom they go to; for what is not said."""

LAST_THANKS = (
    r"(?:\b(?:so|and|many)\W+)?\b(?:thanks?|thank you|thank u|thx|tnx|ty)"
    rf"(?:\W+{_TO_WHOM}\b)*(?:[ ,]+@?[\w.-]+)?\W*\Z"
)
"""The same at the end of a clause: "I'll try that thanks"."""

FIRST_THANKS = (
    _OPENERS
    + r"(?:thanks?|thank u|thx|tnx|ty|cheers)\b(?! (?:for|to|that|because|god)\b)"
    rf"(?:\W+{_TO_WHOM}\b)*(?: @?[\w.\[\]'-]+){{0,2}}\s?[,:–-]+\s+(?=\w)"
)
"""Thanks before something else: "Thanks Olga, it opens now"."""

SIGN_OFF = (
    r"\W*(?:(?:with |my |our )*(?:best|kind(?:est)?|warm(?:est)?|friendly|many)"
    r" (?:regards|wishes|greetings)|regards|greetings|all the best|take care"
    rf"|yours (?:sincerely|faithfully|truly)|sincerely)\b{_NAME}"
)
"""How a letter ends."""

_SORRY = r"(?:sorry|apologies|apologi[sz]e|pardon|oops|whoops|my bad)\b"
BARE_SORRY = (
    _OPENERS + _SORRY + r"(?!.*\b(?:for|that|about|if|because|to)\b)"
    rf"(?:\W+{_TO_WHOM}\b)*{_NAME}"
)
"""An apology, and whom it goes to; for what is not said."""

OTHERS = (
    r"(?:you|your|you're|he|his|she|her|they|their|them|him|to hear|to see|to read)"
)
COURTESY_SORRY = (
    _OPENERS + _SORRY + r"(?: again)?[, ]+(?:for|that|about|if|to)\s+"
    rf"(?!(?:that )?{OTHERS}\b)(?!hear\b|see\b|read\b|learn\b)"
)
"""An apology for what one did oneself; not a regret of what befell others."""

WISH = (
    r"(?:\bwould|'d)(?: \w+)? (?:love|like)\b"
    r"(?! to (?:\w+ )?(?:say|add|thank|mention|point|note|express|congratulate|tell)\b)"
)
"""What somebody would love is wanted, and not loved yet."""

DONE = (
    r"\w{3,}ed|gave|sent|got|found|told|took|did|came|brought|let|kept|wrote|built|ran"
    r"|put|shown|drove|stood|taught|lent|paid|gone|went|held|won|caught|bought|chose"
    r"|dealt"
    r"|back|now|helps?|helpful"
)
"""What was done, and may be thanked for."""

OWN_DOING = (
    r"\W*(?:(?:i|we)(?:'\w+)? (?!.*\b(?:you|your|yours|me|us|got|received|works?"
    r"|working"
    r"|learn(?:ed|t)?)\b)"
    r"|(?:(?:i|we|just|now|have|'ve)\W+)*(?:committed|applied|merged|merging|pushed"
    r"|closed"
    r"|closing|landed|reviewed|updated|tested|attached)\b)"
)
"""What one does oneself, for which nobody is thanked."""

NOT_DONE = (
    r"(?:\W*[\w']+){0,3}?\W*\b(?:would|could|should|can|will|\w+'ll|won't|let me|let's"
    r"|please|pls|if|want|need|hope|wish|try|wonder\w*|how|what|where|why|who|which)\b"
)
"""What begins as asked, wished for or still to do: nobody is thanked for it yet."""

DEGREES = (
    r"really|very|so|truly|totally|absolutely|completely|utterly|incredibly|extremely"
    r"|pretty|quite|super|way|too|just|simply|highly|deeply|particularly|especially"
    r"|bit|little|rather|kinda|damn|bloody|\w{3,}ly"
)
"""How much; at the side of a judgement."""

APPEAL = (
    r"\W*(?:(?:does|do|has|have|is|can|could|would|so|there) )*(?:any(?:one|body)?"
    r"|some(?:one|body))?(?: \w+){0,2} ?(?:ideas?|thoughts?|clues?|suggestions?|help"
    r"|advice|hints?|tips?|pointers?|opinions?)(?: me)?\W*\Z"
)
"""A question that only asks for an answer: "Any ideas?"."""

ASKS = (
    r"(?:^|[,:;] (?:and |but |so |or )?)(?P<cause>(?:what|how|why|who|whose|where|when"
    r"|which|does|do|did|is|are|was|were|can|could|has|have|will|would|should|isn't"
    r"|aren't|doesn't|don't|didn't|any|anyone|anybody)\b.+)"
)
"""Where a question begins within its sentence."""
