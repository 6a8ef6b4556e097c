"""Which words can name a theme: what people talk about, not how they talk or feel.

A word is taken for the name of a thing by the words before it (`the build`, `my build`
against `to build`, `so slow`), and never if it is a feeling, a name or an adverb.
English; words of other languages are given the benefit of the doubt.
"""

import functools
import re
from collections.abc import Sequence
from types import MappingProxyType

from affectflow_transforms.miners.phrases.emotions import FAMILIES

THING, ACT, PERSON, ABOUT = 1, 2, 3, 4
"""The role of a word, given the one before it; 0 if unclear."""
CAPITAL, LOWER = 1, 2
"""How a word is written: with a capital inside a sentence, or in lower case."""
CODES = 5

_BEFORE = MappingProxyType(
    {
        THING: """
            a an the this these those my your our its in on of from into no some any
            every each via per through inside using use uses another both all other
            which whose new old
        """,
        # Of persons, too.
        ABOUT: "their his her with for without about by between under",
        ACT: """
            i you we they he she it to can could will would should must may might do
            does did don't doesn't didn't can't cannot couldn't won't wouldn't
            shouldn't isn't aren't wasn't weren't haven't hasn't never who let please
            i'll you'll we'll they'll i've we've i'd is are was were be been being am
            i'm it's that's he's she's you're they're we're there's so very too really
            pretty quite how just always also still feel feels felt looks
            seems sounds extremely incredibly absolutely
        """,
        PERSON: "thanks thank thx ty hi hey hello dear cc ping @ mr mrs ms sorry bye",
    }
)
_ROLE = {word: role for role, words in _BEFORE.items() for word in words.split()}
# The share of telling occurrences that makes a word a thing; or a person.
_THING_SHARE, _PERSON_SHARE = 0.4, 0.3
_FEW = 3
# Names are written small now and then, and stand after `the` or `in` rarely.
_LOWER_SHARE, _ARTICLE_SHARE = 0.7, 0.25
_LONGEST = 30
# `pricing` is a thing, `adding` is not: these have to show it.
_STUTTERED = re.compile(r"(\w+)(?:-\1)+(?:'\w+)?")
_CAPITALISED = re.compile(r"[A-Z][a-z'-]+")
_MAY_BE_ACTS = re.compile(r"\w+(?:ing|[^e]ed)")

_UNTELLING_WORDS = """
    abroad action active activity affect affects afraid afterwards ago ah aha ahead
    aint aka allow almost alot already alright altogether amid among amongst amount
    another anyways anywhere apart apply arent argh aside aspect attempt away aww
    backwards basically beneath beside besides bet beyond bitch bitches blah bless boo
    bottom boy bro btw bunch cant certain chance cheer cheers chunk clarify clue
    concerning congrat congrats congratulation context continue convert couldnt couple
    create created creating creepy cunt cuz deal dear definitely degree despite detail
    didnt difference differences direction doesnt dont dude earlier edge else
    elsewhere end enjoyed enough essentially everywhere example except excuse fact
    failing far favorite favourite fella fire folk folks forever form forward forwards
    free front function future gal gee gentleman girl gist glad god gosh guess guy hah
    haha half handful hasnt havent hear heh hehe hes high hit hmm hmmm idk ikr im
    implemented impossible indeed instance instead isnt item ive jeez jk kind kinda
    lady later laugh lets level link list listen little lmao lmfao lol lose losing
    lots low luck ma'am major man manner mate matter meanwhile meh meme memes method
    middle mine miss missed missing mode moment mood morning move nah name nasty
    neither night nonetheless noob nope nor nowadays nowhere number object often onto
    oops op option order other others otherwise ouch outta overnight page pair part
    pass passing past path pattern percent perhaps period phew phrase pick picture
    piece pity place pls plz point portion possibility ppl practice pre process
    provide purpose question random range rate rather record reference regard
    regarding regards related remove require required resolve rofl sample save saw
    scratch section seldom send sense sent sentence series set share shes shouldnt
    show side sign sir size somehow sometimes somewhat soon sooo soooo sort sorta
    spend spent spot stage standard state step string structure stuck stuff style sub
    subject subset super sweet switch tad taking tbh team-mate text thats therefore
    theyre tho thought throw till tip tldr today together tomorrow tonight tons top
    topic total toward towards track trick turn twice type ugh uh uhh umm
    understanding unless unto upstairs value various view wait wasnt watch welcome
    whenever whereas wherever whichever whoa whoever whom whoops wish woah woman
    wonder wondering wont woo word wouldnt wow xd xoxo y'know ya yay yeah yeet
    yesterday yikes yo youre yup
"""
_UNTELLING = frozenset(_UNTELLING_WORDS.split())
"""Words that many speak of, whatever it is about."""

_NAMES_WORDS = """
    adam alan alex alice amy andrea andrew andy angela ann anna anne anthony ashley
    barbara ben benjamin betty bob brad brandon brenda brian bruce carl carol caroline
    catherine charles charlie chris christian christina christine christopher cindy
    claire colin craig dan daniel dave david deborah dennis diana diane donald donna
    dorothy doug douglas edward elizabeth emily emma eric erik evan frank fred gary
    george greg gregory hannah harry heather helen henry ian jacob james jamie jane
    janet jason jean jeff jeffrey jennifer jenny jeremy jerry jessica jim jimmy joan joe
    joel john jon jonathan jose joseph josh joshua juan judy julie justin karen kate
    katherine kathy keith kelly ken kenneth kevin kim kyle larry laura lauren lee linda
    lisa louis lucas luke margaret maria marie martin mary matt matthew megan melissa
    michael michelle mike mohammed nancy nathan nicholas nick nicole olivia pamela
    patricia patrick paul peter philip rachel rebecca richard rob robert roger ron
    ronald ryan sam samantha samuel sandra sara sarah scott sean sharon simon sophie
    stefan stephanie stephen steve steven stuart sue susan tara ted teresa thomas tim
    timothy todd tom tommy tony tyler victor victoria walter wayne william zach
"""
_NAMES = frozenset(_NAMES_WORDS.split())
_LY_WORDS = """
    ally anomaly apply assembly belly bully butterfly comply family fly imply italy
    jelly july lily monopoly multiply poly rely reply supply
"""
_LY = frozenset(_LY_WORDS.split())


def role_after(word: str) -> int:
    """Returns what a word makes of the one after it."""
    return _ROLE.get(word.lower(), 0)


def goes_on(word: str) -> int:
    """Returns 1 if a sentence goes on after a word or sign, else 0."""
    return int(word[0].isalpha() or word == ",")


def case_of(word: str) -> int:
    """Returns how a word is written; 0 if neither way."""
    if _CAPITALISED.fullmatch(word):
        return CAPITAL
    return LOWER if word[0].islower() else 0


def names_a_theme(
    surface: str, roles: Sequence[int] = (), cases: Sequence[int] = ()
) -> bool:
    """Returns whether a word, or a pair of words, can be a title.

    >>> [names_a_theme(word) for word in ("build", "extremely", "Mike", "annoying")]
    [True, False, False, False]

    Args:
      surface: as people write it.
      roles: how often it has each role, by `THING` and the others.
      cases: how often it is written in each way.
    """
    words = surface.lower().split()
    if len(words) > 1:
        return all(map(_tells, words))
    if not _tells(words[0]):
        return False
    return not roles or not (
        _is_name(roles, cases) or _is_act(words[0], roles) or _is_addressed(roles)
    )


def _is_name(roles: Sequence[int], cases: Sequence[int]) -> bool:
    """Returns whether a word is written as a person's name: not `the Docker image`."""
    capital = cases[CAPITAL] >= _FEW and cases[LOWER] <= _LOWER_SHARE * cases[CAPITAL]
    return capital and roles[THING] <= _ARTICLE_SHARE * sum(roles)


def _is_addressed(roles: Sequence[int]) -> bool:
    return roles[PERSON] > 1 and roles[PERSON] >= _PERSON_SHARE * sum(roles)


def _is_act(word: str, roles: Sequence[int]) -> bool:
    things, acts = roles[THING] + roles[ABOUT], roles[ACT]
    if _MAY_BE_ACTS.fullmatch(word):
        return not (things > 1 and things > acts)
    told = things + acts
    return told >= _FEW and things < _THING_SHARE * told


@functools.lru_cache(maxsize=100_000)
def _tells(word: str) -> bool:
    if word in _UNTELLING or word in _NAMES or not 2 <= len(word) <= _LONGEST:
        return False
    if _STUTTERED.fullmatch(word):
        return False
    if word.endswith("ly") and word not in _LY:
        return False
    return _feelings().fullmatch(word) is None


@functools.cache
def _feelings() -> re.Pattern[str]:
    wordings = [each for family in FAMILIES.values() for each in family]
    return re.compile("|".join(f"(?:{each})" for each in wordings))
