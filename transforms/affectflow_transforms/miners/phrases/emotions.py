"""Words of emotion by family, and the families of each label.

Entries are regular expressions over lower-case text, matched at word boundaries.
"""

FAMILIES: dict[str, tuple[str, ...]] = {
    "displeasure": (
        r"annoy\w*|irritat\w*|frustrat\w*|infuriat\w*|angr\w+|anger\w*|furious|mad",
        r"pissed|fed up|sick of|tired of|sick and tired|had enough|upset\w*|rage\w*",
        r"hate[sd]?|hating|despise\w*|can't stand|cannot stand|drives? me|driving me",
        r"ridiculous\w*|absurd\w*|insane|crazy|nonsens\w*|stupid\w*|dumb|idiot\w*",
        r"terribl[ey]|horribl[ey]|awful\w*|dreadful|atrocious|abysmal|garbage|crap\w*",
        r"shit\w*|bullshit|damn\w*|fuck\w*|wtf|ffs|hell|useless|pathetic|joke|mess\w*",
        r"unacceptable|unbelievable|outrag\w*|disappoint\w*|let down|unfortunate\w*",
        r"painful\w*|nightmare|pain in the \w+|tedious|ugly|gross|disgust\w*|yuck",
        r"disagree\w*|don't like|dislike\w*|not a fan|bad idea|makes? no sense",
        r"poor(?:ly)?|wast(?:e|ed|ing)|bother\w*|nonsensical|shame\w*|come on"
        r"|seriously",
        r"impatient\w*|exhaust\w*|hostile|rude\w*|insult\w*|offen[sd]\w*",
    ),
    "sorrow": (
        r"sad(?:ly|der|dens?)?|unhapp\w+|depress\w*|miserabl\w+|heartbr\w+|grief"
        r"|cry\w*",
        r"cried|tears?|unfortunate\w*|regrettabl\w*|disappoint\w*|hopeless\w*|lonely",
        r"lost|miss(?:ed|ing)?|pity|shame|alas|hurts?|hurting|bummer|too bad|gave up",
        r"giv(?:e|ing) up|discourag\w*|let down|worse|devastat\w*|mourn\w*|not great",
        r"upset\w*|bad news|no luck|terribl[ey]|awful\w*|horribl[ey]",
    ),
    "remorse": (
        r"sorry|apolog\w+|my bad|my fault|my mistake|oops|whoops|ashamed|guilt\w*",
        r"regret\w*|embarrass\w*|i forgot|i missed|facepalm|shame|should have|ouch",
    ),
    "fear": (
        r"afraid|fear\w*|scar(?:ed|y|es?|ing)|worr(?:y|ied|ies|ying|isome)|concern\w*",
        r"nervous\w*|anxi\w+|terrif\w+|panic\w*|risk\w*|danger\w*|frighten\w*|dread\w*",
        r"uneasy|hesita\w+|unsure|not sure|uncomfortable|wary|alarm\w*|threat\w*",
        r"breaking change|unsafe|might break|could break|may break",
    ),
    "thanks": (
        r"thank\w*|thx|tnx|ty|cheers|grateful\w*|gratitude|appreciat\w*|kudos|props",
        r"much obliged|helpful|saved? my \w+|owe you",
    ),
    "liking": (
        r"love\w*|lovely|loving|like[sd]?|adore\w*|prefer\w*|fan of|awesome|amazing\w*",
        r"great|excellent|fantastic|brilliant|beautiful\w*|impress\w*|nice\w*|elegant",
        r"well done|good (?:job|work|catch|point|idea|one)|nicely|clever|wonderful\w*",
        r"superb|perfect\w*|neat|cool|best|helpful|hug\w*|admir\w*|respect|bravo",
        r"care|caring|take care|wish you",
    ),
    "joy": (
        r"happ(?:y|ily|ier|iness)|glad\w*|joy\w*|pleas(?:ed|ure)|delight\w*|enjoy\w*",
        r"yay|yes|woo+|hooray|hurray|excit\w*|thrill\w*|great|awesome|nice\w*|cool|fun",
        r"funny|ha(?:ha)+|lol|lmao|rofl|hilarious|joke|relie(?:f|ved)|phew|finally|wow",
        r"hop(?:e|es|ing|eful\w*)|proud\w*|pride|looking forward|can't wait|fantastic",
        r"perfect\w*|works? (?:great|fine|well|now|perfectly)|amazing\w*|excellent"
        r"|agree\w*",
        r"good|right|makes sense|lgtm|looks good|sounds (?:good|great)|correct"
        r"|absolutely",
        r"wonderful\w*|lovely|better|love\w*|congrat\w*|exactly|like[sd]?|ok with",
    ),
    "wonder": (
        r"surpris\w+|unexpected\w*|shock\w*|astonish\w*|amaz\w+|wow|whoa|wait|huh|omg",
        r"really|strange\w*|weird\w*|odd(?:ly)?|curious\w*|wonder(?:ing|ed|s)?"
        r"|confus\w+",
        r"puzzl\w+|unclear|no idea|not sure|unsure|don't (?:understand|get|know)|what",
        r"did(?:n't| not) (?:know|expect|realise|realize)|never knew|turns? out|unsure",
        r"(?:can't|cannot|can not) believe|incredibl[ey]|interesting\w*|oh|why"
        r"|how come",
        r"wasn't (?:sure|aware)|lost|baffl\w+|perplex\w+|realiz\w+|realis\w+|suddenly",
    ),
    "desire": (
        r"want\w*|wish\w*|hop(?:e|es|ing|eful\w*)|need\w*|would (?:love|like)|desir\w*",
        r"looking forward|can't wait|please|prefer\w*|optimis\w+|expect\w*|eager\w*",
    ),
}

LABELS: dict[str, tuple[str, ...]] = {
    "admiration": ("liking", "thanks"),
    "affection": ("liking", "thanks"),
    "amusement": ("joy",),
    "anger": ("displeasure",),
    "annoyance": ("displeasure",),
    "anticipation": ("desire", "joy"),
    "approval": ("joy", "liking"),
    "caring": ("liking",),
    "confusion": ("wonder",),
    "curiosity": ("wonder",),
    "desire": ("desire",),
    "disappointment": ("displeasure", "sorrow"),
    "disapproval": ("displeasure",),
    "disgust": ("displeasure",),
    "embarrassment": ("remorse",),
    "exasperation": ("displeasure",),
    "excitement": ("joy", "liking"),
    "fear": ("fear",),
    "frustration": ("displeasure",),
    "gratitude": ("thanks", "liking"),
    "grief": ("sorrow",),
    "happiness": ("joy", "liking", "thanks"),
    "irritation": ("displeasure",),
    "joy": ("joy", "liking", "thanks"),
    "love": ("liking", "thanks"),
    "nervousness": ("fear",),
    "optimism": ("desire", "joy"),
    "pride": ("joy",),
    "rage": ("displeasure",),
    "realization": ("wonder",),
    "relief": ("joy",),
    "remorse": ("remorse", "sorrow"),
    "sadness": ("sorrow", "remorse", "displeasure"),
    "shame": ("remorse",),
    "suffering": ("sorrow",),
    "surprise": ("wonder",),
    "trust": ("liking", "joy"),
}
"""The labels that the rules have words for, of any vocabulary."""

NAMES: dict[str, str] = {
    "desire": r"hop(?:e|es|ing|ed|eful\w*)|optimis\w+|confident|looking forward"
    r"|can't wait",
    "liking": r"lov\w+|ador\w+|fan of|awesome|amazing\w*|great|excellent|fantastic"
    r"|brilliant|beautiful\w*|impress\w*|nice\w*|elegant\w*|well done|clever"
    r"|wonderful\w*"
    r"|good (?:job|work|catch|point|idea|one|find|tip)|superb|perfect\w*|neat|cool|best"
    r"|admir\w*|respect|bravo|gorgeous|stunning",
    "thanks": r"thank\w*|thx|tnx|ty|grateful\w*|gratitude|appreciat\w*|kudos|props",
    "joy": r"happ(?:y|ily|ier)|glad|joy\w*|pleased|delight\w*|excit\w*|thrill\w*"
    r"|reliev\w+"
    r"|relief|phew|proud\w*|pride|finally|hilarious|funny|lol|lmao|rofl|yay|woo+"
    r"|hooray",
}
"""Words that name an emotion of a family, and hardly anything else."""

QUIET = ("approval", "realization")
"""Labels that are mined only when asked for: their cause is what they answer to."""

ASKING = frozenset({"confusion", "curiosity"})
"""Labels whose cause is what is asked, where something is."""

NEGATIVE = frozenset({"displeasure", "sorrow", "remorse", "fear"})
