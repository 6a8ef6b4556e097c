"""Credentials: passwords, tokens and keys, by their form or by what names them.

The forms are those that the issuers document; what names a secret is a word such as
`token` or `password` before it, a header, or the place in a URL. A value that stands
for another (`$TOKEN`, `<password>`, `****`) is not one.
"""

import re
from collections.abc import Iterator

from affectflow_transforms.text.segments.places import at_places, at_words, places_of

Span = tuple[int, int]

# How tokens begin, and what follows: no other text with one has to be searched.
_ISSUED_FORMS = (
    ("ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{30,255}"),
    ("github_pat_", r"\w{22,255}"),
    (
        "glpat- glrt- gldt- glptt- glcbt- glft- glsoat- glimt- glagent- gloas-",
        r"[\w.-]{19,300}\w",
    ),
    ("AKIA ASIA", r"[0-9A-Z]{16}"),
    ("LTAI", r"[A-Za-z0-9]{12,20}"),
    ("xoxa xoxb xoxe xoxo xoxp xoxr xoxs", r"-[A-Za-z0-9-]{10,250}"),
    ("xapp-", r"[0-9]-[A-Za-z0-9-]{20,250}"),
    ("rk_live_ rk_test_ sk_live_ sk_test_", r"[A-Za-z0-9]{16,200}"),
    ("whsec_", r"[A-Za-z0-9+/]{24,80}"),
    ("AIza", r"[\w-]{35}"),
    ("ya29.", r"[\w-]{20,500}"),
    ("GOCSPX-", r"[\w-]{20,40}"),
    ("npm_", r"[A-Za-z0-9]{36}"),
    ("hf_", r"[A-Za-z]{30,60}"),
    ("pypi-", r"[\w-]{50,250}"),
    ("rubygems_", r"[0-9a-f]{48}"),
    ("dckr_pat_", r"[\w-]{20,60}"),
    ("SG.", r"[\w-]{16,40}\.[\w-]{16,80}"),
    ("shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{32}"),
    ("doo_v1_ dop_v1_ dor_v1_", r"[0-9a-f]{64}"),
    ("hvb. hvs. hvr.", r"[\w-]{20,300}"),
    ("dapi", r"[0-9a-f]{32}"),
    ("glsa_", r"[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("lin_api_", r"[A-Za-z0-9]{32,48}"),
    ("sq0", r"[a-z]{3}-[\w-]{22,43}"),
    ("NRAK-", r"[A-Z0-9]{27}"),
    ("ATATT3", r"[\w=-]{50,300}"),
    ("sbp_", r"[0-9a-f]{40}"),
    ("gsk_", r"[A-Za-z0-9]{40,60}"),
    ("AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    ("PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("eyJ", r"[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}"),
)
_ISSUED = "|".join(
    f"(?:{'|'.join(map(re.escape, begins.split()))}){rest}"
    for begins, rest in _ISSUED_FORMS
)
_TOKEN = re.compile(
    rf"(?<![\w-])(?:{_ISSUED})(?![\w-])"
    r"|(?:(?<=\bbot)|(?<![\w-]))[0-9]{8,10}:AA[\w-]{33}(?![\w-])"
    r"|(?<=hooks\.slack\.com/services/)T\w{6,12}/B\w{6,12}/\w{16,32}"
    r"|(?<=/api/webhooks/)[0-9]{16,20}/[\w-]{50,100}"
)
_ISSUED_BEGIN = (
    *(begin for begins, _ in _ISSUED_FORMS for begin in begins.split()),
    *(":AA", "hooks.slack.com/services/", "/api/webhooks/"),
)
"""One of these stands in each text with a token."""

_SK = re.compile(r"(?<![\w-])sk-[A-Za-z0-9_-]{20,200}(?![\w-])")
_URL_PASSWORD = re.compile(
    r"(?<=://)[^\s/:?#\[\]]{0,100}:([^\s/?#<>\"'`]{1,200})(?=@[\w.:\[-])"
)
_KEY_BEGINS = re.compile(
    r"-----BEGIN (?P<name>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?=\\[nr]|\s{0,3}[A-Za-z0-9+/=])"
)
_KEY_CHARACTERS = 20_000

_HEADER = re.compile(
    r"authorization[\"']{0,2}\s{0,2}[:=]\s{0,2}[\"']{0,2}"
    r"(?:basic|bearer|token|digest|api-?key|negotiate)\s{1,3}"
    r"(?P<value>[\w.~+/=-]{8,4000})",
    re.I,
)
_COOKIE = re.compile(
    r"\bcookie:\s{0,3}(?P<value>[\w.-]{1,60}=[^\s;,\"'<>$]{6,4000}[^\n\"']{0,4000})",
    re.I,
)

_TELLS_VALUE = (
    r"[\"'\]]{0,2}[ \t]{0,2}(?:=>|:=|(?<![=!<>])[:=](?!=)|\b(?:is|was)\b)[ \t]{0,2}"
)
# What names a secret, and how the name may go on.
_KEY = r"[ _-]?key"
_SECRET_FORMS = (
    ("token secret bearer credential pat auth csrf", ""),
    ("sess jsess", r"(?:ion)?_?id"),
    ("api access secret private account auth encryption signing shared master", _KEY),
)
_SECRET_NAMES = tuple(
    dict.fromkeys(name for names, _ in _SECRET_FORMS for name in names.split())
)
_SECRET_NAME = "|".join(
    f"(?:{'|'.join(names.split())}){rest}" for names, rest in _SECRET_FORMS
)
_NAMED_SECRET = re.compile(
    rf"(?:{_SECRET_NAME})(?:[_-]\w{{1,20}})?"
    rf"(?:{_TELLS_VALUE}|[ \t])[\"'`]?(?P<value>[\w+/.~|=%-]{{16,4000}})",
    re.I,
)
_PASSWORD_NAMES = (
    *("kennwort", "pwd", "mot de passe", "contraseña", "senha", "wachtwoord"),
    *("lösenord", "hasło", "пароль", "密码", "パスワード", "비밀번호"),
)
_PASS = "pass"
_PASSWORD_NAME = (
    rf"(?:{_PASS}(?:word|wd|phrase|wort)|{'|'.join(map(re.escape, _PASSWORD_NAMES))})"
)
_PASSWORD = re.compile(
    rf"(?P<name>{_PASSWORD_NAME})"
    rf"(?:{_TELLS_VALUE}(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{{3,100}})(?P=quote)"
    r"|(?P<tight>=(?!=))(?P<set>[^\s\"'`&;,<>]{4,100})"
    rf"|{_TELLS_VALUE}(?P<said>[^\s\"'`&;,<>]{{6,100}})"
    r"|>(?P<element>[^<>\s]{3,100})(?=</))"
    rf"|(?<=--){_PASS}(?:word|wd)?\s(?P<option>[^\s\"'`-][^\s\"'`]{{3,100}})",
    re.I,
)
_SHORT_NAMES = (_PASS, "pw")
_SHORT_NAME = re.compile(
    rf"(?<![\w-])(?:{'|'.join(_SHORT_NAMES)})[\"']?(?:=|: ?)[\"']?"
    r"(?P<value>[^\s\"'`&;,<>]{4,100})",
    re.I,
)
_COMMAND = re.compile(
    r"(?:\bsshpass -p ?|\bmysql(?:dump|admin)? [^\n]{0,80}?-p"
    r"|(?<!\S)(?:-u|--user)[ =][\w.-]{1,60}:)"
    r"(?P<value>[^\s\"'`:]{4,100})"
)
_SHORTLY = (
    (_SHORT_NAME, _SHORT_NAMES),
    (_COMMAND, ("sshpass", "mysql", "-u", "--user")),
)
# What stands in the place of a value: names of variables, blanks to fill in, types.
_STANDS_FOR = re.compile(
    r"[$%{<].*|.*(?:\$\{|\{\{|<\w|\*{3}|\.{3}|…).*|[*.xX•#_-]+|\[[A-Z]+\]"
    r"|(?:\w+\.)*\w+\(.*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z_][\w.]*\[.*"
    r"|(?i:your|my|the|some|change|enter|insert|example)[_ -].*"
)
_WORDS = re.compile(r"[A-Za-z]+(?:[_-][A-Za-z]+)*")
_SENTENCE = re.compile(
    r"(?i)\b(?:required|must|your|enter|is|not|invalid|please|wrong|field|password)\b"
)
_HEX = re.compile(r"(?:[0-9a-f]{16,}|[0-9A-F]{16,})")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TURNS = re.compile(r"[a-z][A-Z]|[A-Za-z][0-9]|[0-9][A-Za-z]")

_HINT = (
    r"gh[pousr]_|github_pat_|gl[a-z]{2,5}-|AKIA|ASIA|LTAI|xox[abeoprs]-|xapp-|sk-"
    r"|[rs]k_|whsec_|AIza|ya29\.|GOCSPX-|npm_|hf_|pypi-|rubygems_|dckr_|SG\.|shp[a-z]{2}_"
    r"|do[opr]_v1|hv[bsr]\.|dapi|glsa_|lin_api|sq0|NRAK|ATATT3|sbp_|gsk_|AGE-S|PMAK-|eyJ"
    r"|[0-9]:AA|webhooks/|hooks\.slack|PRIVATE KEY|://[^/\s]{0,300}@"
    r"|(?i:authorization|cookie:)"
    rf"|(?i:{_PASSWORD_NAME})(?:\W|\Wis\W)"
    r"|--pass|(?i:\b(?:pass|pw)[\"']?[:=])|sshpass|mysql|(?:-u|--user)[ =][\w.-]+:"
)
_NAMED_HINT = (
    r"(?i:token|secret|bearer|credential|key|pat|auth|csrf|id)[\w-]{0,21}\W{1,6}"
    r"(?:(?:is|was)\W{1,3})?[\w+/.~|=-]{16}"
)
HINTS = (_HINT, _NAMED_HINT)


def find_keys(text: str) -> Iterator[Span]:
    """Yields private keys as PEM and OpenPGP write them, from BEGIN to END."""
    position = 0
    while begins := _KEY_BEGINS.search(text, position):
        ends = f"-----END {begins['name']}-----"
        limit = begins.end() + _KEY_CHARACTERS
        found = text.find(ends, begins.end(), limit)
        position = found + len(ends) if found >= 0 else begins.end()
        if found >= 0:
            yield begins.start(), position


def find_url_passwords(text: str) -> Iterator[Span]:
    """Yields the passwords in `scheme://user:password@host`."""
    if "://" in text and "@" in text:
        behind = (place + 3 for place in places_of("://", text))
        for found in at_places(_URL_PASSWORD, behind, text):
            if not _STANDS_FOR.fullmatch(found[1]):
                yield found.span(1)


def find_header_secrets(text: str) -> Iterator[Span]:
    """Yields what the headers `Authorization` and `Cookie` carry."""
    for found in at_words(_HEADER, ("authorization",), text):
        if _has_signs(found["value"]):
            yield found.span("value")
    for found in at_words(_COOKIE, ("cookie:",), text):
        start, end = found.span("value")
        yield start, start + len(text[start:end].rstrip())


def find_tokens(text: str) -> Iterator[Span]:
    """Yields tokens whose form tells who issued them."""
    if any(begin in text for begin in _ISSUED_BEGIN):
        yield from (found.span() for found in _TOKEN.finditer(text))
    if "sk-" in text:
        for found in _SK.finditer(text):
            if is_random(found[0][3:]):
                yield found.span()


def find_named_secrets(text: str) -> Iterator[Span]:
    """Yields random values that `token`, `secret`, `api key` and the like name."""
    for found in at_words(_NAMED_SECRET, _SECRET_NAMES, text):
        value = found["value"].rstrip(".|~")
        if is_random(value):
            yield found.start("value"), found.start("value") + len(value)


def find_passwords(text: str) -> Iterator[Span]:
    """Yields the values that a word for password names."""
    for found in at_words(_PASSWORD, (_PASS, *_PASSWORD_NAMES), text):
        group = next(g for g in _VALUES if found[g] is not None)
        value = found[group].rstrip(".,:)" if group != "quoted" else "")
        if _is_password(value, group):
            yield found.start(group), found.start(group) + len(value)
    for pattern, words in _SHORTLY:
        for found in at_words(pattern, words, text):
            value = found["value"].rstrip(".,:)")
            if re.search("[0-9]", value) and _is_password(value, "said"):
                yield found.start("value"), found.start("value") + len(value)


_VALUES = ("quoted", "set", "said", "element", "option")


def _is_password(value: str, group: str) -> bool:
    if len(value) < 3 or _STANDS_FOR.fullmatch(value):
        return False
    if group == "element":
        return True
    if group == "quoted" and " " in value:
        return value.count(" ") < 4 and not _SENTENCE.search(value)
    return _has_signs(value) and not value.isspace()


def _has_signs(value: str) -> bool:
    """Returns whether a value has what words and names of variables do not have."""
    if any(char.isdigit() for char in value):
        return not re.fullmatch(r"[A-Za-z]+_\w*pass\w*", value, re.I)
    if _WORDS.fullmatch(value.rstrip("!?*")):
        return len(value) >= 16 and len(_TURNS.findall(value)) >= 5
    return any(not char.isalnum() and char not in "_-./()[]" for char in value)


def is_random(value: str) -> bool:
    """Returns whether a value looks drawn, not written: a token, not a name.

    >>> is_random("9f86d081884c7d659a2feaa0"), is_random("user_profile_settings_v2")
    (True, False)
    """
    if _UUID.fullmatch(value):
        return True
    digits = sum(char.isdigit() for char in value)
    if len(value) < 16 or digits in (0, len(value)) or value[:2].lower() == "0x":
        return False
    if _HEX.fullmatch(value):
        return True
    enough = digits >= 2 or len(value) >= 32
    return enough and len(_TURNS.findall(value)) >= 4


FINDS = (
    find_keys,
    find_url_passwords,
    find_header_secrets,
    find_tokens,
    find_named_secrets,
    find_passwords,
)
"""All of the above, in order of precedence."""
