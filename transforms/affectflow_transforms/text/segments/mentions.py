"""Accounts in a text: `@name`, `@name@host`, `@name:host`, `<@U12>`, `u/name`."""

import functools
import re
from collections.abc import Iterator

from affectflow_transforms.text.segments.mail import DOMAIN
from affectflow_transforms.text.segments.places import at_places

Span = tuple[int, int]

# Words that follow `@` in code and in groups, and name nobody.
_NOBODY_WORDS = """
here channel everyone everybody all team room moderators override overload test test_
before after autowired component service controller bean entity table column id param
params return returns see link since deprecated todo throws throw author property
staticmethod classmethod dataclass abstractmethod media import charset keyframes
font-face supports extends include mixin if else end media-query types type babel
angular vue nestjs latest next beta alpha canary rc master main head nullable notnull
nonnull inject injectable input output directive pipe ngmodule get post put delete
requestmapping getmapping postmapping pathvariable requestparam suppresswarnings
functionalinterface safevarargs slf4j data builder getter setter value configuration
springbootapplication transactional repository jsonproperty mock injectmocks
beforeeach aftereach beforeall afterall ignore disabled parameterizedtest objc
escaping available main_actor mainactor state binding published discardableresult
testable inlinable private protected public internal pytest app click functools
property_ cached_property api group example summary description default ts-ignore
ts-expect-error ts-nocheck jsx flow format lru_cache client server page model section
yield layout foreach endif endforeach layer apply tailwind use forward function each
for while content namespace container debug warn error brief file typedef callback
async memberof inheritdoc exception wraps contextmanager fixture given jit njit task
validator computed observable action keyup keydown submit change mouseover autoclosure
stateobject observedobject environmentobject viewbuilder iboutlet ibaction csrf auth
guest can slot scope attributes links wsgi decorators decorator validation schema
patch attr attrs contextlib celery flask django six unittest nose ddt mark tf torch
jax numba ray typing abc asyncio tornado gen web route blueprint login_required
version
"""
_NOBODY = frozenset(_NOBODY_WORDS.split())
# Annotations of Java, Kotlin, Swift and Angular: two words or more, written together.
_ANNOTATION = re.compile(
    r"(?:Api|Json|Enable|Conditional|Rest|Request|Response|Spring|Before|After|Pre|Post|Xml"
    r"|ManyTo|OneTo|Not|Is|View|Host|Suppress|Functional|Visible|Inherited|Application"
    r"|Component|Configuration|Context|Document|Generated|Mock|Order|Primary|Session)"
    r"[A-Z]\w*"
    r"|[A-Z]\w*(?:Mapping|Properties|Property|Param|Variable|Column|Annotation|Bean|Scoped"
    r"|Configuration|Child|Children|Listener|Decorator|Module|Handler|Advice|Source|Test)"
)

_LOCAL = r"[A-Za-z0-9_][\w.=+-]{0,63}"
_AT = re.compile(
    r"(?:(?<![\w.@/`:=+\]-])|(?<=\]/))@(?:"
    rf"(?P<fedi>[A-Za-z0-9_](?:[\w.-]{{0,62}}\w)?@{DOMAIN})(?![\w@])"
    rf"|(?P<matrix>{_LOCAL}:{DOMAIN}(?::[0-9]{{1,5}}(?![0-9]))?)(?![\w@(])"
    r"|(?!v?[0-9]+(?:[.\sx)]|\b))"
    r"(?P<name>[A-Za-z0-9][\w-]{0,38}+(?:\.[a-z][\w-]{1,38}+){0,4}+(?:\[bot\])?)"
    r"(?![\w(=@]|/(?!@)|\.\w+[(.]| \|?= ))"
    r"|(?<![\w@])\.(?P<dotted>@[A-Za-z0-9][\w-]{0,38})(?![\w/(=@.-])"
    r"|<@!?[A-Z0-9]{5,25}(?:\|[^<>\n]{1,80})?>"
    r"|(?<![\w/.-])/?u/[A-Za-z0-9_-]{3,20}\b"
)

_SIGNS = re.compile("@|u/")
OPENER = r"@(?=\w)|<@|/?\bu/"
HINT = r"@|\bu/\w"


def find_mentions(text: str) -> Iterator[Span]:
    """Yields where accounts are mentioned."""
    for found in at_places(_AT, _begins(text), text):
        if _is_account(found):
            yield found.span("dotted" if found["dotted"] else 0)


def _begins(text: str) -> Iterator[int]:
    """Yields where a mention may begin: at an `@`, a `u/` or the sign before it."""
    for sign in _SIGNS.finditer(text):
        if text[sign.start() - 1 : sign.start()] in (".", "<", "/"):
            yield sign.start() - 1
        yield sign.start()


def mention_at(text: str, start: int, end: int) -> int | None:
    """Returns where the mention that begins at `start` ends; None if none does."""
    found = _AT.match(text, start, end)
    if found is None and text[start - 1 : start] == ".":
        found = _AT.match(text, start - 1, end)
    return found.end() if found and _is_account(found) else None


def _is_account(found: re.Match[str]) -> bool:
    return _is_somebody(found["name"] or (found["dotted"] or "")[1:])


# Accounts of a conversation repeat.
@functools.lru_cache(maxsize=4096)
def _is_somebody(name: str) -> bool:
    first, _, rest = name.partition(".")
    first = first.rstrip("-_")
    if "_" in rest:  # `@contact.to_json` is code; labels of domains have no underscore
        return False
    return first.lower() not in _NOBODY and not _ANNOTATION.fullmatch(first)
