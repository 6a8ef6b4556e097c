"""Accounts that a message of a chat begins with: `nick: text`, `nick, text`.

Row by row nobody knows which accounts there are, so only names that cannot be ordinary
words are taken for one: `mike42`, `Nemo_bis`, `MatmaRex`, `gerrit-wm`.
"""

import re

_NAME = r"[A-Za-z0-9_\[\]\\^{}|-]"
_SIGN = r"[0-9_\[\]\\^{}|-]|[a-z][A-Z]"
ADDRESS = (
    rf"\A\s{{0,9}}(?:\[USER\][:,]\s{{1,9}}){{0,9}}(?P<account>{_NAME}{{2,40}})"
    r"[:,](?=\s|\Z)"
)
HINT = rf"\A\s{{0,9}}{_NAME}{{0,39}}(?:{_SIGN}){_NAME}{{0,39}}[:,](?:\s|\z)"

_ADDRESS = re.compile(ADDRESS)
_ODD = re.compile(r"[0-9_\[\]\\^{}|]|[a-z][A-Z]")
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}")
# Errors and numbered things that a message about software begins with.
_THING = re.compile(
    r"[A-Za-z]+(?:Error|Exception|Warning|Failure|Fault|Timeout|JS|SQL|OS|DB|API|ML|QL)"
    r"|[A-Za-z]\d{1,2}[A-Za-z]?|[A-Z]{1,4}[0-9.]+|[A-Z][A-Z0-9]+-\d+"
    r"|(?i:alpha|angular|answer|base|beta|case|chapter|css|edit|example|fact|fig|html|http"
    r"|ipv|issue|item|java|level|log|md|note|nr|number|oauth|option|part|pep|phase|php|point"
    r"|problem|py|python|question|rc|reason|release|scenario|section|sha|stage|step|test"
    r"|ubuntu|update|utf|ver|version|vue|way|win|windows)[_-]?[0-9]+"
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

_WORDS = frozenset(_PRODUCTS.split())
_PARTS = frozenset(_COMPOUNDING.split())


def address_span(text: str) -> tuple[int, int] | None:
    """Returns where the account is that a message begins with; None if none does.

    Accounts that were replaced already may stand before it.
    """
    found = _ADDRESS.match(text)
    if not found or not is_account(found["account"]):
        return None
    return found.span("account")


def is_account(name: str) -> bool:
    r"""Returns whether what stands before a colon or comma can be no ordinary word.

    It has a digit, an underscore, one of `[]\^{}|`, a capital amid small letters, or a
    hyphen; English compounds, names of products, errors and numbered things have such
    signs, too, and are none.

    >>> [is_account(name) for name in ("mike42", "Thanks", "Follow-up", "TypeError")]
    [True, False, False, False]
    """
    if name[0].isdigit() or name[0] == "-" or _IN_BRACKETS.fullmatch(name):
        return False
    if _THING.fullmatch(name) or name.lower() in _WORDS:
        return False
    if _ODD.search(name):
        return True
    parts = name.lower().split("-")
    return len(parts) > 1 and not _PARTS.intersection(parts)
