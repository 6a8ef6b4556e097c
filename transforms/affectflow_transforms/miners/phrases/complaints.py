"""What distinguishes complaints from calm talk in long comments by developers.

Regular expressions over lower-case text, matched at word boundaries.
"""

from affectflow_transforms.miners.phrases.connectives import BAD

_WORKS = (
    r"(?:work|compil|build|start|run|load|launch|boot|open|help|respond|repl(?:y|ies)"
    r"|support|install|updat|upgrad|connect|render|display|show|save|sav|respect"
    r"|honou?r"
    r"|fix|care|listen|let|allow|pass|finish|return|match|exist|find|do|change"
    r"|available"
    r"|possible|implement|document|recogni|detect|updated?|make (?:\w+ )?sense)\w*"
)

PROBLEM = (
    # Something that ought to work and does not.
    r"(?:doesn't|does not|didn't|did not|won't|will not|don't|do not|can't|cannot"
    r"|can not"
    rf"|couldn't|isn't|is not|aren't|hasn't|haven't|never|no longer|not|unable to"
    rf"|fails? to) (?:\w+ ){{0,2}}"
    rf"{_WORKS}|makes? no sense|nowhere to be|(?:it's|that's|not) (?:\w+ )?(?:wrong"
    rf"|correct"
    r"|valid|true)",
    r"broken|broke|unusable|useless|buggy|flak(?:y|es)|unstable|unreliable|crash\w*"
    r"|segfaults?|hangs?|hung|hanging|freez(?:es?|ing)|froze|stuck|unresponsive"
    r"|regress(?:ion|ed)\w*|corrupt\w*|leaks?|leaking|dropp?(?:ed|ing)",
    r"fail(?:s|ed|ing|ures?)?|(?:gives?|throws?|shows?|getting|get|got"
    r"|same) (?:\w+ ){0,3}"
    r"(?:errors?|exceptions?)|breaks?|breaking|disconnect\w*|wreck\w*|ruin(?:s|ed)?",
    r"(?:so|too|very|really|painfully|terribly|is|are|was|been|gets?) (?:\w+ )?"
    r"(?:slow|laggy|hard|difficult|complicated|confusing|unclear|late|noisy)",
    r"(?:is|are|was|were|been|being|gets?|got|goes|simply|just|completely) (?:\w+ )?"
    r"(?:missing|ignored|rejected|closed|locked|removed|dropped|abandoned|outdated"
    r"|stale"
    r"|wrong|lost|gone|dead|impossible|empty|blocked|overwritten|wiped|deleted"
    r"|disabled)",
    r"(?:can't|cannot|can not|couldn't|unable to|no longer) (?:even )?(?:use|see|get"
    r"|reach"
    r"|access|log|play|read|write|create|send|download|upload|edit|reproduce|move"
    r"|disable)"
    r"|anymore|no stable|exact same|same (?:issue|error|problem)|cost (?:me|us)",
    # Somebody is contradicted.
    r"i (?:strongly |still |really )?(?:doubt|disagree|object)|not exactly|doubtful"
    r"|not the (?:same|case|point)|(?:bad|terrible|horrible) idea|overkill"
    r"|unnecessar\w+"
    r"|redundant|inconsistent|incorrect\w*|misleading|invalid|makes? (?:it|this) worse",
    # Nobody does anything about it.
    r"no(?: \w+)? (?:response|answer|reply|reaction|feedback|progress|support|way"
    r"|option"
    r"|documentation|docs|warning|explanation|reason|intention|activity|one|fix|flag)",
    r"nobody|nothing (?:\w+ )?(?:works?|happen\w*|done|changed|helps?)|lack(?:s|ing)?"
    r"(?: of)?|without (?:any |a )?(?:warning|notice|explanation|reason|response)",
    r"still (?:no|not|\w+n't|fail\w*|happen\w*|broken|waiting|open|crash\w*|a problem"
    r"|an)",
    r"(?:been|after|waiting|for|took|takes?|spent|wasted|lost) (?:\w+ ){0,3}"
    r"(?:hours|days|weeks|months|years)|(?:hours|days|weeks|months|years) (?:later"
    r"|now)",
    r"keeps? (?:on )?\w+ing|kept \w+ing|over and over|yet another|once again"
    r"|(?:dozens|hundreds) of times|(?:\d+(?:th|rd|nd)|every (?:single )?|third|second"
    r"|fourth|fifth) time|times (?:per|a|every) (?:day|week|hour)|constantly",
    # People are made to do, or may not do, something.
    r"(?:forc|compell)(?:es|ed|ing)|have to (?:\w+ )?(?:manually|again|restart"
    r"|reinstall)"
    r"|refus(?:es|ed|ing)|wast(?:es|ed|ing)|waste of|chore|nightmare|headaches?|hassle",
)
"""Statements of a problem: something fails, is missing, is ignored, or goes on."""

BLAME = (
    r"you(?:'re| are)? (?:\w+ )?(?:didn't|don't|never|keep|refuse|can't|cannot|couldn't"
    r"|ignor\w+|brok\w+|clos\w+|delet\w+|remov\w+|force|attack\w*|insult\w*|accus\w+"
    r"|wast\w+|no|not|wrong|nothing|varying|breaking)",
    r"your (?:\w+ )?(?:attitude|desire|refusal|assertion|tone|behaviou?r|decisions?"
    r"|belief|logic|ignorance|arrogance"
    r"|fault|nonsense|bullshit)|because of you",
    r"(?:telling|tells?|told) (?:me|us|people) (?:what|how|that|to)|stop \w+ing"
    r"|pointless"
    r"|no (?:respect|intention|interest|idea)|little respect|don't care|doesn't care"
    r"|idiot\w*|clowns?|liars?|hypocri\w+|disrespect\w*|worthless|ignor(?:es|ed|ing)",
)
"""What somebody did but should not have done."""

STRONG = (
    r"annoy\w*|irritat\w*|frustrat\w*|infuriat\w*|angr(?:y|ily)|furious|fed up"
    r"|upset\w*",
    r"pissed|sick of|tired of|hate|hated|disappoint\w*|ridiculous\w*|absurd\w*|insane",
    r"terribl[ey]|horribl[ey]|awful\w*|unacceptable|outrag\w*|disgust\w*|nightmare"
    r"|sucks?"
    r"|wtf|bullshit|garbage|crap|fuck\w*|shit\w*|stupid\w*|pain in the \w+|painful\w*"
    r"|pathetic|disheartening|unfortunate\w*|sad(?:ly|dens?|dened)?|bother(?:s|ed)"
    r"|can't stand|maddening|sick and tired|a (?:shame|pity|joke|mess)|really weird"
    r"|worthless|useless|unbelievabl[ey]|drives? me|tedious|ugh|weird behaviou?r"
    r"|bummer",
)
"""Words that express displeasure outright: the cause is next to them."""

CONCEDED = (
    r"\b(?:i|we) (?:(?:do|can|totally|fully|completely) )?(?:get|know|understand"
    r"|reali[sz]e"
    r"|see|agree|acknowledge|appreciate|imagine)\b[^.]{0,30}?\b(?:it|this|that|you"
    r"|people"
    r"|be|is|are|how|your|the)\b"
)
"""Somebody else's displeasure, granted: "I know that it is annoying, but"."""

META = (
    r"(?:i )?just (?:wanted|want|wondering|to|chiming|checking|commenting)\b",
    r"(?:i )?(?:just )?(?:wanted|would like|want|'d like) to (?:\w+ )?(?:chime|add|ask"
    r"|say"
    r"|share|mention|point|propose|note|comment|thank|jump|keep|know|let)",
    r"(?:i'd|i would|we'd|we would) (?:\w+ )?(?:like|love|also|say|argue|suggest"
    r"|recommend"
    r"|prefer|hope)|i (?:have|must|need|had) to (?:say|admit|ask|decide|agree)"
    r"|i (?:have|'ve) decided|i have (?:over|more than|about) \d+|same here"
    r"|i was going to"
    r"|you are right|you're right",
    r"thank(?:s| you)|many thanks|i(?:'m| am) (?:so |very |really )?sorry"
    r"|sorry (?:if|for|about|to)|apologi[sz]e|apologies|no offen[cs]e"
    r"|with all due respect",
    r"dear|friends?,|guys,|folks|team|everyone|good (?:point|question|idea|catch)",
    r"(?:i|we)(?:'ve| have|'ll| will|'m going to| am going to|'m gonna| can| could"
    r"| should"
    r"| might| may| just| recently| also| already)* (?:edited|made|created|submitted"
    r"|opened"
    r"|attached|added|gleaned|got this|searched|googled|read|looked|tested|tried|ran"
    r"|run"
    r"|updated|pushed|started|thinking|wonder\w*|assume|guess|suppose|posted|filed"
    r"|await"
    r"|leave|suggest|propose|recommend|update|change|add|look|check|try)\b",
    r"(?:i'm|i am|we're|we are) (?:thinking|using|running|working|trying|wondering"
    r"|looking"
    r"|planning|happy|open|familiar|on|able|the|sure|proposing|asking|not (?:familiar"
    r"|sure"
    r"|against|asking|saying|trying|an? ))",
    r"i (?:don't|do not|wouldn't|would not) (?:\w+ )?(?:think|mind|disagree|believe"
    r"|know if"
    r"|object|have (?:a|any) (?:strong|preference|opinion))|i agree|agreed",
    r"i (?:\w+ )?(?:hope|understand|see|agree|know|get|hear) (?:that|your|the|what|you"
    r"|it)",
    r"if (?:that|this|it|you|so|not|anyone|someone|anybody|there|possible|we)\b",
    r"(?:you|one) (?:can|could|should|may|might|need to|have to|must|will)|make sure"
    r"|try"
    r"|note that|be aware|keep in mind|consider|see also|see|refer|check|use|run"
    r"|take a look|remember|maybe|perhaps|probably|let's|let me|how about|what about"
    r"|steps to|expected|actual|describe|environment|version",
    r"duplicate of|related to|this is (?:a|an|the|my|just) (?:\w+[ -])?(?:meta|feature"
    r"|request|issue|proposal|follow|question|duplicate)|(?:as"
    r"|like) (?:\w+ ){0,2}(?:said"
    r"|mentioned|stated|discussed|noted|described)|for (?:me|example|instance"
    r"|reference)"
    r"|in (?:the|this|my|our) (?:case|meantime|opinion|experience|understanding)",
    r"the (?:following|documentation says|proposed)|there are (?:pros"
    r"|some|many|several|a few|two)|fair enough|to be (?:fair|honest|clear)|of course",
)
"""Openers, courtesy, advice and talk about the talk; at the start of a clause."""

DENIED = (
    r"(?:no|not an?|isn't an?|wasn't an?|non|never an?|without(?: any)?|don't see (?:a"
    r"|any)"
    r"|not (?:really|necessarily) an?)[ -](?:big |real |actual )?(?:problem|issue|bug"
    r"|error"
    r"|harm|difference|doubt|worr|reason (?:not|to)|need)\w*",
    r"(?:not|don't|wouldn't) (?:\w+ )?(?:disagree|mind|blame)|nor is|non-issue"
    r"|not (?:\w+ )?(?:against|opposed|too bad|bad|difficult|hard|broken|wrong)"
    r"|nothing wrong"
    r"|doesn't matter|not that (?:bad|hard)|isn't (?:bad|hard|difficult|wrong|broken)"
    r"|won't be (?:\w+ )?(?:hard|difficult)|no longer (?:an? )?(?:problem|issue)",
)
"""Statements that something is not wrong."""

_DEGREE = (
    r"(?:so|very|really|quite|pretty|extremely|just|getting|becoming|incredibly|rather"
    r"|a bit|super|more than|beyond|utterly|simply|always)"
)
JUDGED = (
    r"\W*(?:(?:and|but|so|honestly|to be (?:\w+ )?honest|again)\b,? )*(?:"
    r"(?:(?:i|we) (?:really )?find )?(?:it|this|that|which)(?:'s| is| was| gets| feels"
    rf"| seems| has been)? (?:(?:{_DEGREE}|to be|an?) )*(?:{BAD}|weird(?: \w+)?)"
    r"(?:\W*$|\W* and\b|[^\w\s']| for (?:me|us|everyone)| to me)"
    rf"|(?:i'm|i am|we're) (?:{_DEGREE} )*(?:annoyed|irritated|frustrated|angry|upset"
    r"|disappointed)(?: beyond words| now| right now| about (?:it|this"
    r"|that))?\W*(?:xd)?$"
    rf"|(?:{_DEGREE} )+{BAD}(?! (?:that|when|how|if|because|to|how))\b"
    rf"|{BAD}\W*$)"
)
"""A sentence that judges the preceding one, and is not itself the cause."""
