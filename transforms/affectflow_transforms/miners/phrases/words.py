"""Words without content, words of trouble, of politeness and of good news."""

_STOP = """
    a about above after again against all already also although always am an and any
    anybody anyone anything anyway are around as at away back be because been before
    being below between both but by can come could did do does doing down during each
    either else even ever every everybody everyone everything few for from further get
    gets getting go goes going gonna got gotta had has have having he he'd he'll he's
    her here here's hers herself hey hi hello him himself his how how's however i i'd
    i'll i'm i've if in into is it it'd it'll it's its itself just least less let let's
    like lot lots many may maybe me might mine more most much must my myself nobody nope
    nor now of off often oh ok okay on once one ones only or other others ought our ours
    ourselves out over own perhaps please probably quite rather re really say says see
    seem seems shall she she'd she'll she's should since so some somebody someone
    something somewhat somewhere still such than that that'd that'll that's the their
    theirs them themselves then there there'd there's these they they'd they'll they're
    they've thing things think this those though through thus to too um uh under until
    up upon us user url very via was way we we'd we'll we're we've went were what what's
    whatever when when's where where's whether which while who who's whom whose why
    why's will with within would yeah yep yes yet you you'd you'll you're you've your
    yours yourself yourselves
"""
STOP = frozenset(_STOP.split())
"""Words without content; negations have some: "can't do it" says what is wrong."""

TROUBLE = (
    r"not|no|never|none|cannot|nothing|\w+n't|without|lacks?|lacking|missing|absent",
    r"broken|breaks?|broke|breaking|fail\w*|crash\w*|hang(?:s|ing)?|hung|freez\w*|stuck",
    r"error\w*|exception\w*|bug\w*|buggy|issue\w*|problem\w*|fault\w*|wrong|incorrect\w*",
    r"slow\w*|unusable|useless|unresponsive|unstable|flaky|regression\w*|leak\w*",
    r"los(?:e|es|t|ing)|corrupt\w*|delet\w+|overwrit\w+|ignor\w+|reject\w*|refus\w+",
    r"clos(?:ed|ing)|block\w*|delay\w*|wait(?:ing|ed)?|stale|outdated|deprecat\w*|hard",
    r"difficult\w*|impossible|complicated|confus\w+|unclear|undocumented|overhead|blam\w+",
    r"conflict\w*|incompatib\w*|mismatch\w*|duplicat\w*|redundant|unreliable|annoying",
    r"worse|worst|bad|badly|poor|terribl[ey]|horribl[ey]|pain\w*|spam\w*|unable|late|died",
    r"keeps?|kept|constantly|over and over|again|still|forc\w+|hacky?|workaround\w*",
)
"""What goes wrong: evidence of a cause for anger, sadness and fear."""

GOOD_NEWS = (
    r"fix\w*|solv\w+|resolv\w+|works?|working|released?|merged?|help\w*|support\w*|done",
    r"improv\w*|faster|better|clean\w*|nice\w*|great|good|new|add(?:ed|s)?|implement\w*",
    r"found|explain\w*|explanation|review\w*|won|win|success\w*|pass(?:ed|es)?|enjoy\w*",
    r"finish\w*|complet\w*|ready|congrat\w*|invit\w*|offer\w*|gift|party|welcome|love\w*",
)

POLITE = (
    r"please|pls|let me know|hope (?:this|that|it) helps|feel free|could you|would you",
    r"can you|have a (?:nice|good|great)|good (?:morning|evening|afternoon|night|day)",
    r"you(?:'re| are) welcome|no problem|never mind|excuse me|best regards",
    r"(?:kind )?regards|how are you|nice to meet|hello|hi|hey|bye|goodbye|see you",
    r"thanks in advance|cc|fyi|btw",
)
"""Acts of politeness, which cause nothing; matched at the start of a clause."""

INTENSE = (
    r"very|so|really|extremely|incredibly|absolutely|totally|completely|utterly|such",
    r"way too|too|always|never|every (?:single )?time|constantly|hours|days|weeks",
    r"months|years|literally|even",
)

LIGHT = (
    r"feel(?:s|ing)?|felt|mak(?:es?|ing)|made|said|guess(?:ed)?|thought|seen|saw",
    r"expect(?:ed)?|sound(?:s|ed)?|looks?|seem(?:s|ed)?|call(?:ed)?|put|admit|must",
    r"trying|try|tried|mildly|absolute(?:ly)?|honest(?:ly)?|colou?r|mood|piece|words?",
    r"ever|yet|again|now|today|tonight|years?|no|not|sorry|glad",
    r"work|job|find|stuff|release|envious|chuffed|hugs?|cheers|kid",
)
"""Words beside those of a feeling that do not say what it is about."""
