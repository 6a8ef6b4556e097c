"""Wordings that point at a cause: a regular expression with a group `cause`.

Each runs over one sentence in lower case. A cause that follows its wording reaches to
the end of the sentence, unless `CUT` ends it. Some wordings speak for some families of
emotion only.
"""

from dataclasses import dataclass

from affectflow_transforms.miners.phrases.courtesies import OTHERS

FEELING = (
    r"(?:annoyed|irritated|frustrated|infuriated|angry|furious|mad|upset"
    r"|pissed(?: off)?"
    r"|fed up|sick and tired|sick|tired|exhausted|disappointed|dissatisfied|unhappy|sad"
    r"|depressed|ashamed|embarrassed|disgusted|bored|bothered|confused|puzzled|baffled"
    r"|surprised|shocked|astonished|amazed|impressed|intrigued|happy|glad|pleased"
    r"|excited"
    r"|thrilled|delighted|relieved|proud|grateful|thankful|hopeful|optimistic|nervous"
    r"|anxious|worried|concerned|afraid|scared|terrified|frightened|uneasy"
    r"|uncomfortable|wary|curious|discouraged|heartbroken|devastated|lost|stuck)"
)
VERDICT = (
    r"(?:annoying|irritating|frustrating|infuriating|maddening|upsetting|disappointing"
    r"|ridiculous|absurd|insane|crazy|stupid|dumb|terrible|horrible|awful|unacceptable"
    r"|outrageous|painful|tedious|sad|depressing|unfortunate|regrettable|a (?:shame"
    r"|pity"
    r"|pain|mess|joke|nightmare|disgrace|disaster)|embarrassing|disgusting|scary"
    r"|worrying|worrisome|concerning|frightening|risky|dangerous|confusing|puzzling"
    r"|strange|weird|odd|surprising|shocking|unbelievable|incredible|great|awesome"
    r"|amazing|wonderful|fantastic|excellent|good|nice|cool|lovely|exciting|impressive"
    r"|funny|hilarious|a relief|too bad|interesting|curious)"
)
BAD = (
    r"(?:annoying|irritating|frustrating|infuriating|maddening|upsetting|disappointing"
    r"|ridiculous|absurd|insane|terrible|horrible|awful|unacceptable|outrageous|painful"
    r"|tedious|disheartening|discouraging|infuriat\w+|a (?:(?:major|huge|real|total"
    r"|complete) )?(?:shame|pain|mess|joke|nightmare|disgrace|disaster|chore|hassle"
    r"|headache))"
)
_VERY = r"(?:(?:so|very|really|quite|pretty|extremely|incredibly|just|always) )*"
_CLAUSE = (
    r"(?=(?:i|i'm|we|you|he|she|it|it's|they|this|that|there|the|my|our|your|no)\b)"
)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One wording that points at a cause.

    Args:
      name: which weight it has; see `weights`.
      pattern: a regular expression with a group `cause`.
      families: the families of emotion that it speaks for; empty for all.
      feels: the wording names the emotion itself.
      hints: a sentence without any of these holds no match: cheaper to ask.
      first: it speaks for labels only that begin with one of its families.
      least: so many words with content make a cause.
    """

    name: str
    pattern: str
    families: tuple[str, ...] = ()
    feels: bool = False
    hints: tuple[str, ...] = ()
    first: bool = False
    least: int = 2

    def may_be_in(self, sentence: str) -> bool:
        """Returns whether a sentence may match."""
        # A loop is faster than `any`, and this is asked of every sentence.
        for hint in self.hints:
            if hint in sentence:
                return True
        return not self.hints


_ANGRY = ("displeasure", "sorrow", "fear")

WORDINGS: tuple[Wording, ...] = (
    Wording(
        name="because",
        pattern=r"\b(?:because(?! you (?:are|were|author|modif|comment))(?: of)?|cuz"
        r"|coz|'cause|due to|owing to|on account of"
        r"|given that|considering(?: that)?|seeing (?:as|that)|now that"
        r"|(?:caused|triggered) by|the reason (?:is|being)(?: that)?)\s+(?P<cause>.+)",
    ),
    Wording(
        name="since",
        pattern=r"(?:^|[,(] ?|\w )(?:since|as)\s+" + _CLAUSE + r"(?P<cause>.+)",
    ),
    Wording(
        name="when",
        pattern=r"\b(?:every(?: single)? time|each time|whenever"
        r"|(?<!since )(?<!know )(?<!ask )(?<!see )when"
        r"(?! it comes to)|after"
        r"|as soon as|once)\s+(?:that )?(?P<cause>[a-z].+)",
    ),
    Wording(
        name="fact",
        pattern=r"\b(?:the fact that|what (?:\w+ ){1,2}(?:me|us) is(?: that)?"
        r"|the (?:\w+ )?(?:problem|issue|trouble|worst part) (?:here "
        r"|now )?is(?: that)?)"
        r"[ ,:]+(?P<cause>.+)",
        families=_ANGRY,
    ),
    Wording(
        name="feeling",
        pattern=r"\b" + FEELING + r"(?: (?:now|again|too|here))?"
        r" (?:with|by|that|at|of|about|over|from|for|on|how|why|when|if"
        r"|to (?:see|hear|find|learn|read|have|know))\s+"
        r"(?:the fact that |how )?(?P<cause>.+)",
        feels=True,
    ),
    Wording(
        name="feeling",
        pattern=r"\b" + FEELING + r" (?!that\b)" + _CLAUSE + r"(?P<cause>.+)",
        feels=True,
    ),
    Wording(
        name="verdict",
        pattern=r"(?:\b(?:it|this|that)(?:'s| is| was| seems| feels)|^how|^so|^|, ?) ?"
        + _VERY
        + VERDICT
        + r" (?:that|when|how|if|because|to (?:see|hear|have|find|know))"
        + r"\s+(?P<cause>.+)",
        feels=True,
    ),
    Wording(
        name="attitude",
        pattern=r"\b(?:hate[sd]?|can't stand|cannot stand|despise|detest|dislike"
        r"|don't like|resent|loathe)\s+"
        r"(?:it when |that |how |the way |when |having to )?(?P<cause>.+)",
        families=("displeasure",),
        feels=True,
    ),
    Wording(
        name="attitude",
        pattern=r"(?<!would )(?<!'d )(?<!n't )\b(?:love[sd]?|like[sd]?|enjoy(?:ed)?"
        r"|adore|appreciate|prefer)\s+"
        r"(?:it when |that |how |the way |when )?(?P<cause>.+)",
        families=("liking", "joy", "thanks"),
        feels=True,
    ),
    Wording(
        name="attitude",
        pattern=r"\b(?:worry|worries|fear|dread)\s+(?:that |about )?(?P<cause>.+)",
        families=("fear",),
        feels=True,
    ),
    Wording(
        name="sorry",
        pattern=r"\b(?:(?:sorry|apologi[sz]e|apologies|regret)(?: again)?[, ]+"
        r"(?:for|that|about|if)|sorry to(?! (?:hear|see|read|learn)\b))\s+"
        r"(?P<cause>.+)",
        families=("remorse",),
        feels=True,
        first=True,
        least=1,
        hints=("sorry", "apolog", "regret"),
    ),
    Wording(
        name="sorry",
        pattern=r"\bsorry (?:to (?:hear|see|read|learn)(?: that| about| of)?"
        rf"|(?:for|that|about)(?= {OTHERS}\b)) (?P<cause>.+)",
        families=("sorrow",),
        feels=True,
        least=1,
        hints=("sorry ",),
    ),
    Wording(
        name="sorry",
        pattern=r"\b(?:sorry|oops|whoops|my bad|my mistake|ouch)\b[,!. :-]+"
        r"(?P<cause>(?:i|we|my|it|that(?='s| is| was)|this|the|missed|forgot|didn't)\b"
        r".+)",
        families=("remorse", "sorrow"),
        feels=True,
        hints=("sorry", "oops", "my bad", "my mistake", "ouch"),
    ),
    Wording(
        name="thanks",
        pattern=r"\b(?:thanks?|thx|thank you|kudos|props|cheers|grateful|much obliged"
        r"|appreciated?)(?: (?:you|so|very|much|a|lot|again|all|everyone|guys|to"
        r"|@?[\w-]+|\[\w+\]),?){0,6}? (?:for|to (?:you|the \w+) for)\s+"
        r"(?P<cause>.+?)(?:, @?[\w-]+)?$",
        families=("thanks", "liking", "joy"),
        feels=True,
        least=1,
        hints=(
            "thank",
            "thx",
            "kudos",
            "props",
            "cheers",
            "grateful",
            "obliged",
            "appreciate",
        ),
    ),
    Wording(
        name="thanks",
        pattern=r"\bappreciate\s+(?P<cause>(?!it\b).+)",
        families=("thanks",),
        feels=True,
        hints=("appreciate",),
    ),
    Wording(
        name="thanks_to",
        # `Thanks to Ann for the patch` names whom first.
        pattern=r"\bthanks to\s+(?P<cause>(?!\S+ (?:\S+ )?for ).+)",
        hints=("thanks to",),
    ),
    Wording(
        name="puzzle",
        pattern=r"(?P<cause>\b(?:(?:not|isn't|wasn't) (?:\d+% )?(?:quite |really "
        r"|even )?sure"
        r"|unsure|unclear|no idea|wonder(?:ing)?|curious|(?:don't|didn't|can't|cannot)"
        r" (?:quite |really )?(?:understand|get|see|know|figure out)"
        r"|confused(?: about)?)"
        r"\s+(?:why|what|how|if|whether|where|which|who|when|about)\b.+)",
        families=("wonder", "fear", "displeasure"),
        feels=True,
    ),
    Wording(
        name="adverb",
        pattern=r"\b(?:unfortunately|regrettably|sadly|alas|annoyingly|frustratingly"
        r"|surprisingly|strangely|weirdly|oddly|thankfully|luckily|fortunately|finally)"
        r"\b,?\s+(?P<cause>.{8,})",
        families=("displeasure", "sorrow", "wonder", "joy"),
        feels=True,
    ),
    Wording(
        name="disbelief",
        pattern=r"\b(?:can't|cannot|couldn't|can not|hard to) believe\s+"
        r"(?:that )?(?P<cause>.+)",
        families=("wonder", "displeasure", "joy"),
        feels=True,
    ),
    Wording(
        name="complaint",
        pattern=r"(?P<cause>\b(?:why|how come) (?:the (?:hell|heck|fuck) )?"
        r"(?:does|is|do|are|did|was|can't|isn't|doesn't|don't|aren't|on earth|would|has"
        r"|hasn't|haven't|must|should|can|not)\b.+)",
        families=("displeasure", "wonder"),
    ),
    Wording(
        name="question",
        pattern=r"(?P<cause>\b(?:how|what) (?:the (?:hell|heck|fuck) )?"
        r"(?:does|is|do|are|did|was|can't|isn't|doesn't|don't|aren't|on earth|would|has"
        r"|hasn't|haven't|must|should|can|not)\b.+)",
        families=("displeasure", "wonder"),
    ),
    Wording(
        name="still",
        pattern=r"(?P<cause>^.*\bstill (?:no|not|\w+n't|fail\w*|happen\w*|broken"
        r"|waiting"
        r"|crash\w*|get\w*|hav\w*|see\w*|an? |the )\b.*)",
        families=_ANGRY,
        hints=("still ",),
    ),
    Wording(
        name="again",
        pattern=r"(?P<cause>^.*\b(?:for the (?:\w+(?:th|rd|nd|st|nth)"
        r"|\w+ hundredth) time"
        r"|keeps? (?:on )?\w+ing|kept \w+ing|over and over|yet another|once again"
        r"|again)"
        r"\b.*)",
        families=_ANGRY,
        hints=(" time", "keep", "kept", "over and over", "yet another", "again"),
    ),
    Wording(
        name="broken",
        pattern=r"(?P<cause>^.*\b(?:is|are|was|were|be|been|being|it's|gets?|became)"
        r" (?:\w+ ){0,2}(?:broken|useless|unusable|slow|unstable|buggy|unreliable|flaky"
        r"|unbearable|unresponsive|outdated|incomplete|wrong|missing|a mess|failing"
        r"|crashing|hanging|lost|gone|dead|impossible|ignored|closed|terrible|awful"
        r"|horrible|annoying|frustrating|ridiculous)\b.*)",
        families=_ANGRY,
    ),
    Wording(
        name="broken",
        pattern=r"(?P<cause>^.*\b(?:doesn't|don't|didn't|won't|can't|cannot|isn't|never"
        r"|not) (?:\w+ ){0,2}(?:work|works|working|compile|build|start|run|load|help"
        r"|respond|support|supported|possible|available|documented|fixed)\b.*)",
        families=_ANGRY,
    ),
    Wording(
        name="makes",
        pattern=r"^(?:and |but |well,? )?(?P<cause>.+?),?\s+(?:which "
        r"|that )?(?:really |"
        r"just |always )?(?:makes?|made|drives?|drove|is making|is driving|is killing"
        r"|kills|has driven)\s+(?:me|us|it|everyone)\s+"
        r"(?:(?:so|very|really) )?(?:\w+ ){0,2}(?:" + FEELING + r"|"
        r"crazy|insane|nuts|cry|worry|laugh|smile|hard|difficult|impossible|unusable"
        r"|painful|easier|better)\b",
        feels=True,
        hints=("make", "made", "making", "drive", "drove", "driving", "kill"),
    ),
    Wording(
        name="therefore",
        pattern=r"^(?P<cause>.+?),?\s+(?:so|therefore|hence|which is why|that's why"
        r"|that is why|and that is why) (?:i|i'm|we|we're|my|now|please|it's)\b",
        hints=("so ", "therefore ", "hence ", "why "),
    ),
    Wording(
        name="which",
        pattern=r"^(?P<cause>.+?),?\s+which (?:is|was|feels|seems) " + _VERY + VERDICT,
        feels=True,
        hints=("which ",),
    ),
    Wording(
        name="subject",
        pattern=r"^(?P<cause>.{6,}?)(?:,? (?:and|but|that|this|it|which))?(?:'s| is"
        r"| are"
        r"| was| were| gets?| got| becomes?| feels?| seems) "
        + _VERY
        + BAD
        + r"(?!\w)(?! (?:that|when|how|if|because|to)\b)",
        families=("displeasure",),
        feels=True,
    ),
    Wording(
        name="hope",
        pattern=r"\b(?:hop(?:e|es|ing)|wish(?:es|ing)?|look(?:ing)? forward to"
        r"|can't wait(?: for| to)?|(?:would|(?<='d))(?: \w+)? (?:love|like)(?: to)?"
        r"|want(?:ed)?(?: to)?)\s+(?:that )?"
        r"(?P<cause>.+)",
        families=("desire", "joy"),
        feels=True,
        hints=("hop", "wish", "look", "can't wait", "would", "'d", "want"),
    ),
)

CUT = (
    r"(?:,| -+|;)? +(?:but|although|though|however|which is why|therefore|so hence"
    r"|hence|so that"
    r"|so i|so we|so please|and i|and we|and you|and it's|and that|and then|because"
    r"|since i"
    r"|since we|unless)\b"
    r"|, (?:i|we|it's|but|thanks|thank you|please|so|which|and now|just|sorry|what"
    r"|right\?)"
    r"|\s-+\s|;|\)(?=\s|$)|:\s"
)
"""Where the cause that follows a wording ends within its sentence."""

TURN = r"(?:\b(?:but|however|though|because|so that)\b,?|:) "
"""Where the last clause starts of a sentence that leads up to its wording."""
