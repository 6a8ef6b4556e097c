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
# Names of types end in what they are: `TreeMap`, `FormControl`.
_TYPE_WORDS = """
adapter action animation app array async attribute bar base bean binding block book box
buffer builder button byte cache callback cell chart child class client code collection
color column command component config connection container context control controller
count data database date decorator descriptor dialog dictionary directive doc document
driver editor effect element engine entity entry enum event exec executor exports
factory field file filter flow folder form format fragment frame function
generator grid group guard handler hash header helper hook hub id image index info
input instance int integer interceptor interface item iterator job key kit label
layer layout lib library link list listener loader lock logger manager map mapper
mapping matrix menu message method middleware mode model module name node number object
observable observer option options order output packet page pane panel params parser
path pattern picker pipe plugin point pool port promise props property provider proxy
query queue reader record reducer ref reference registry renderer repository request
resolver resource response result role route router row runner scene schema scope script
section selector sensor server service session set setting settings shape sheet size
socket source spec stack state status storage store stream string style subject
subscription suite switch tab table tag target task template test text thread time timer
token tool toolkit tree trigger tuple type uri url user util utils validator value var
variable vector version view viewer visitor web widget window word worker wrapper writer
xml json html sql
"""
# Programs, standards and machines that come with a number.
_NUMBERED_WORDS = """
android arch arm bert bootstrap boost centos clang core css cuda cve d ddr debian
directx dx ecma elastic es esp fedora gcc gh gnome go gpt gtk gtx hdmi html http ieee
ios
iphone iso jdk jquery jre js jsr junit kafka kde kernel linux llama llvm log lua mac
mint mongo mysql neo net node oauth opengl openapi osx pcie perl pg php plasma postgres
pr python qt qt r rails react redis rev rfc rhel ros rtx ruby rust rx sdk sha spring sql
ssl struts swagger swift tcl tensorflow tf tls usb utf v vue vulkan web wifi x xp
"""
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
align angular api apt aws background bash boot border build bundle cli cmake color
compose config content core css db debian
deploy desktop django docker driver eslint ember flask flex font format framework get
git
github
gnome gradle gtk helm hook html http java jest jetty jquery js json kde kernel kube lib
linux loader lua lint maven module mysql nginx node npm nvidia parser php pip plugin
postgres proxy py python rails react redux rest ruby rust sass scala script sdk server
source spring sql ssh ssl style swift sys system tool tools ts types ubuntu util utils
vim vue web webpack xml yaml
"""

_TYPE = re.compile(
    r"\w*[a-z0-9](?:"
    + "|".join(word.capitalize() for word in _TYPE_WORDS.split())
    + r"|URL|URI|ID|XML|JSON|HTML|SQL)s?\d?"
)
_NUMBERED = re.compile(
    rf"(?i:{'|'.join(_NUMBERED_WORDS.split())})[_-]?[0-9]{{1,4}}(?:[a-z]{{1,2}}\d?)?"
    r"|[A-Z][a-z]+2[A-Z]?[a-z]+|(?i:md5|sha\d{1,3})sum|base\d\d|utf8mb4"
)
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
    r"""Returns whether what comes before a colon or comma can be no ordinary word.

    It has a digit, an underscore, one of `[]\^{}|`, a capital amid small letters, or a
    hyphen; English compounds, names of programs, types, constants, errors and numbered
    things have such signs, too, and are none.

    >>> [is_account(name) for name in ("mike42", "Thanks", "Follow-up", "TypeError")]
    [True, False, False, False]
    """
    if name[0].isdigit() or name[0] == "-" or _IN_BRACKETS.fullmatch(name):
        return False
    things = (_THING, _TYPE, _NUMBERED)
    if any(each.fullmatch(name) for each in things) or name.lower() in _WORDS:
        return False
    if _DRAWN.search(name):
        return True
    parts = name.lower().split("-")
    if len(parts) > 1 and _PARTS.intersection(parts):
        return False
    if _PROGRAMS.intersection(name.lower().split("_")):
        return False
    return len(parts) > 1 or _ODD.search(name) is not None
