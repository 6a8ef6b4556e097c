"""Accounts that a message of a chat begins with: `nick: text`, `nick, text`.

Issues, commits and answers begin with names from code in the same form, so only
messages of chats are examined. The accounts in the same batch are not evidence: the
text would depend on how a source is cut into batches. So only names that cannot be
ordinary words are taken for accounts (`mike42`, `Nemo_bis`, `MatmaRex`, `gerrit-wm`),
and constants, types and lists of names are not.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

_NAME = r"[A-Za-z0-9_\[\]\\^{}|-]"
_SIGN = r"[0-9_\[\]\\^{}|-]|[a-z][A-Z]"
ADDRESS = (
    rf"\A\s{{0,9}}(?:\[USER\][:,]\s{{1,9}}){{0,9}}(?P<account>{_NAME}{{2,40}})"
    r"[:,](?=\s|\Z)"
)
HINT = rf"\A\s{{0,9}}{_NAME}{{0,39}}(?:{_SIGN}){_NAME}{{0,39}}[:,](?:\s|\z)"

# Sources whose messages are of chats, and kinds of messages of chats in any source.
_CHAT_NAMES = """
chat irc slack discord gitter mattermost rocket-chat rocketchat zulip matrix
telegram whatsapp twitch signal xmpp teams
"""
_CHATS = pa.array(_CHAT_NAMES.split())
# `message` is not among them: rows of any file are messages if nothing else is said.
_KINDS = pa.array(["chat", "chat_message", "direct_message"])

_ADDRESS = re.compile(ADDRESS)
_ODD = re.compile(r"[0-9_\[\]\\^{}|]|[a-z][A-Z]")
# What sites append where a name is taken: `user-1f2e3d`.
_DRAWN = re.compile(r"[a-z]{3}[_-](?=[a-z]*[0-9])[0-9a-f]{6,}\Z")
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}")
# Errors, types, constants and numbered things that a message may begin with.
_THING = re.compile(
    r"[A-Za-z]+(?:Error|Exception|Warning|Failure|Fault|Timeout|JS|SQL|OS|DB|API|ML|QL)"
    r"|[A-Za-z]\d{1,2}[A-Za-z]?|[A-Z]{1,4}[0-9.]+|[A-Z][A-Z0-9]+-\d+"
    r"|(?i:alpha|angular|answer|base|beta|case|chapter|css|edit|example|fact|fig|html|http"
    r"|ipv|issue|item|java|level|log|md|note|nr|number|oauth|option|part|pep|phase|php|point"
    r"|problem|py|python|question|rc|reason|release|scenario|section|sha|stage|step|test"
    r"|ubuntu|update|utf|ver|version|vue|way|win|windows)[_-]?[0-9]+"
    r"|u?(?:int|float|char|complex|bool|str|ptr)\d+(?:_t)?|x86(?:_64)?|amd64|arm64|i[36]86"
    r"|ext[234]|mp[34]|[hx]26[45]|log4j|k8s|ec2|sqlite3"
    r"|(?i:lib)[a-z]+\d+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    r"|[a-z]\d{2,3}[a-z]"  # i18n, l10n, a11y
)
_PRODUCTS = """
chromeos clojurescript coffeescript devops ebay facebook freebsd github gitlab intellij
ipad iphone ipod javascript latex linkedin netbsd node_modules numpy openbsd opengl
openssl openstack opensuse paypal powershell pytorch redhat rubygems scipy
stackoverflow tensorflow typescript virtualbox webassembly webgl webpack websocket
whatsapp wordpress youtube
"""

# Parts of English compounds: `follow-up`, `signed-off-by`, `re-run`.
_COMPOUNDING = """
a add ah all an and anti as at auto back based be bug built by case check clean co
counter cross day de do double down early edge end ex extra far fix follow for free
friendly front full good half hand hard heads high in inter it known ladies late left
like line long low made mid mini multi must never new nice nit no non not now of off ok
on one only open or other out over part per point post pre pro problem quasi re ready
real related right run safe same self semi set short side single so soft specific step
still stop sub super test thank the third three time to top trade two uh ultra un under
up us use user vice warm well wide wise with work year yes
"""
# Parts of names of programs and packages: `docker-compose`, `django-reversion`.
_OF_PROGRAMS = """
angular api apt aws bash boot build bundle cli cmake compose config core css db debian
deploy desktop django docker driver eslint ember flask format framework get git github
gnome gradle gtk helm hook html http java jest jetty jquery js json kde kernel kube lib
linux loader lua lint maven module mysql nginx node npm nvidia parser php pip plugin
postgres proxy py python rails react redux rest ruby rust sass scala script sdk server
source spring sql ssh ssl style swift sys system tool tools ts types ubuntu util utils
vim vue web webpack xml yaml
"""

_WORDS = frozenset(_PRODUCTS.split())
_PROGRAMS = frozenset(_OF_PROGRAMS.split())
_PARTS = frozenset(_COMPOUNDING.split()) | _PROGRAMS
_LIST = re.compile(rf"\s+(?P<next>{_NAME}{{2,40}})(?P<after>[:,]|\s+(?:and|or)\s)?")


def in_chats(batch: pa.RecordBatch) -> pa.BooleanArray:
    """Returns which rows are messages of chats, by their source, kind and container."""
    no = pa.array([False] * len(batch), pa.bool_())

    def among(column: str, words: pa.Array) -> pa.Array:
        if column not in batch.schema.names:
            return no
        return pc.fill_null(pc.is_in(batch.column(column), words), False)

    channels = no
    if "container" in batch.schema.names:
        channels = pc.fill_null(pc.starts_with(batch.column("container"), "#"), False)
    told = pc.or_(among("kind", _KINDS), among("source", _CHATS))
    return pc.or_(told, channels)


def address_span(text: str) -> tuple[int, int] | None:
    """Returns where the account is that a message begins with; None if none does.

    Accounts that were replaced already may stand before it.
    """
    found = _ADDRESS.match(text)
    if not found or not is_account(found["account"]):
        return None
    if text[found.end() - 1] == "," and _is_list(found["account"], text, found.end()):
        return None
    return found.span("account")


def find_address(text: str) -> Iterator[tuple[int, int]]:
    """Yields the account that a message begins with, if any."""
    if span := address_span(text):
        yield span


def _is_list(name: str, text: str, start: int) -> bool:
    """Returns whether a name is the first of a list: `max_size, min_size are wrong`."""
    found = _LIST.match(text, start)
    if not found or found["after"] in (":", ","):
        return False
    joined = found["after"] is not None
    return joined or _signs(name) == _signs(found["next"]) != ""


def _signs(name: str) -> str:
    """Returns what is odd about a name: a digit, an underscore, a capital within."""
    signs = (("9", "[0-9]"), ("_", "_"), ("A", "[a-z][A-Z]"), ("|", r"[\[\]\\^{}|]"))
    return "".join(sign for sign, pattern in signs if re.search(pattern, name))


def is_account(name: str) -> bool:
    r"""Returns whether what stands before a colon or comma can be no ordinary word.

    It has a digit, an underscore, one of `[]\^{}|`, a capital amid small letters, or a
    hyphen; English compounds, names of programs, types, constants, errors and numbered
    things have such signs, too, and are none.

    >>> [is_account(name) for name in ("mike42", "Thanks", "Follow-up", "TypeError")]
    [True, False, False, False]
    """
    if name[0].isdigit() or name[0] == "-" or _IN_BRACKETS.fullmatch(name):
        return False
    if _THING.fullmatch(name) or name.lower() in _WORDS:
        return False
    if _DRAWN.search(name):
        return True
    parts = name.lower().split("-")
    if len(parts) > 1 and _PARTS.intersection(parts):
        return False
    if _PROGRAMS.intersection(name.lower().split("_")):
        return False
    return len(parts) > 1 or _ODD.search(name) is not None
