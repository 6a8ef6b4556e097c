"""Words that name no theme, and words that name the same one."""

from affectflow_transforms.miners.phrases.words import STOP

_GENERIC = """
    ability able absolutely actual actually add added again agree ago anymore answer
    appear apparently approach argument ask asked attempt aware basic basically become
    begin believe best better big bit bug bugs call called care case cases cause caused
    certain certainly change changed changes clear clearly closed code comment comments
    complete completely consider considered correct correctly couple course current
    currently dare days day deal decide default different difficult discussion easy edit
    effort end entire entirely especially exact exactly example exist existing expect
    expected explain explanation extra fact fair feel feeling figure file files find
    fine fix fixed fixes fixing follow following found full fully fun general give given
    good great guess guy guys half handle happen happened happening happens hand hard
    help helpful hope hour hours huge idea important include instead interested issue
    issues job keep kind know known lack large last later lead leave left life line
    literally long look looking looks lose made main make makes making matter mean means
    mention mentioned mind minute minutes month months need needed needs new next nice
    no non not note nothing number obvious obviously old open opened opinion original
    originally part particular people person place plain plan plenty point post posted
    pretty previous problem problems program project projects proper properly provide
    purpose question questions quick quickly quit read reading real reason reasons
    recent recently related report reported respond response rest result results run
    running seriously set short show side similar simple simply single situation small
    software solution solve somehow sort sound sounds start started state statement stay
    step steps stop stuff suggest suggestion suppose supposed talk talking tell tend
    term terms thank thanks thought thread time times title told tool totally tried true
    try trying turn type understand unfortunately usage use used user users uses using
    usual usually various want wanted wants week weeks whole wish without word words
    work worked working works world worth write wrong year years yesterday today
    tomorrow can't cannot don't didn't doesn't isn't wasn't won't wouldn't shouldn't
    couldn't haven't hasn't hadn't aren't weren't ain't never none possible put right
    said same soon sure take well etc i.e e.g one two three first second third per via
    cc fyi imo imho lol wtf omg damn hell shit fuck fucking stupid ridiculous terrible
    horrible awful message messages experience experienced concern concerns likely
    gotten appreciate described describe terminology reference sucks context wrote
    stated name names calls nearly shown specific complain complained complaining notice
    noticed sometimes stumbled personally personal due address prefer preferred refuse
    refused explicitly essentially necessary forced causing becomes future seen sense
    saying thinks ones multiple hundreds dozen available useful info information data
    enjoy enjoyed idiot
    annoying annoyed frustrating frustrated frustration useless insane crazy absurd hate
    love like liked unacceptable disappointing disappointed sorry sad angry painful pain
    joke garbage crap broken break breaks breaking broke bad worse worst badly seem
    bother disagree nonsense waste wasted wasting mess thing things lot behavior
    behaviour way
"""
GENERIC = STOP | frozenset(_GENERIC.split())
"""Words without a theme: in talk about software every cause has an issue and a fix."""

SAME = {
    "actions": "ci",
    "auth": "authentication",
    "benchmark": "performance",
    "compiler": "compile",
    "compilation": "compile",
    "conf": "configuration",
    "config": "configuration",
    "crashed": "crash",
    "db": "database",
    "dep": "dependency",
    "deprecated": "deprecate",
    "deprecation": "deprecate",
    "deps": "dependency",
    "doc": "documentation",
    "docs": "documentation",
    "document": "documentation",
    "documented": "documentation",
    "undocumented": "documentation",
    "env": "environment",
    "failure": "fail",
    "failing": "fail",
    "freezes": "freeze",
    "frozen": "freeze",
    "hung": "hang",
    "ignored": "ignore",
    "ignoring": "ignore",
    "incompatible": "compatibility",
    "compatible": "compatibility",
    "installation": "install",
    "installer": "install",
    "jenkins": "ci",
    "lib": "library",
    "maintainer": "maintain",
    "maintained": "maintain",
    "maintenance": "maintain",
    "unmaintained": "maintain",
    "perf": "performance",
    "performant": "performance",
    "slow": "performance",
    "slower": "performance",
    "slowness": "performance",
    "pipeline": "ci",
    "pr": "pull request",
    "prs": "pull request",
    "readme": "documentation",
    "reply": "response",
    "repo": "repository",
    "repos": "repository",
    "reviewer": "review",
    "travis": "ci",
    "ui": "interface",
    "gui": "interface",
    "update": "upgrade",
    "updated": "upgrade",
    "updates": "upgrade",
    "updating": "upgrade",
    "versions": "version",
}
"""Developers' words for one thing; the commonest word of a theme names it."""
