"""Telephone numbers: international (E.164), North American, and those called so."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

# The look at the first sign tells most characters apart at once.
_BEGIN = r"(?=[+0-9(])(?<![\w.+#/=-])"
_END = r"(?![\w-]|[.:/][0-9])"
# Between two groups of digits; each stands for itself, so that a run of digits can be
# cut in one way only.
_BETWEEN = r"(?: ?\([0-9]{1,5}\) ?| [-/] |[ ./-])"
_INTERNATIONAL = re.compile(
    rf"{_BEGIN}(?:\+|00)[1-9][0-9]{{0,14}}(?:{_BETWEEN}[0-9]{{1,12}}){{0,6}}{_END}"
)
_AREA = r"(?:[2-9](?!11)[0-9]{2})"
_AMERICAN = re.compile(
    rf"{_BEGIN}(?:\+?1[ .-])?"
    rf"(?:\({_AREA}\) ?{_AREA}[ .-][0-9]{{4}}"
    rf"|(?P<area>{_AREA})(?P<sign>[.-])(?P<office>{_AREA})(?P=sign)[0-9]{{4}}"
    rf"){_END}"
)
_MACHINE = (
    r"phone|ph|t[eé]l[eé](?:ph|f)on[eo]?|t[eé]l|mobile|fax|whatsapp|hotline|mobil|handy"
    r"|(?:telefon|ruf|handy|mobil)nummer|telefoonnummer|gsm|móvil|celular|cellulare"
    r"|ruf(?:e|t|en)? (?:mich|uns) an|anrufen|meine nummer|(?:appelez|appelle)[ -]moi"
    r"|mon numéro|llám[ae]me|mi número|meu número|chiamami|il mio numero|my number"
)
_ABROAD = r"(?:телефон|тел|моб|電話(?:番号)?|电话|手机|전화)"
_ACT = (
    r"(?:call|ring|dial|text|sms|reach|cell|contact)"
    r"(?: (?:him|her|them))?"
)
_CALLED = re.compile(
    rf"\b(?:(?P<machine>{_MACHINE}|{_ABROAD})|{_ACT})"
    r"(?: (?:me|us))?(?: (?:at|on|unter|au|al|para|op|på))?"
    r"(?: (?:number|no|nr|is|at|ist|est|es|é|è))?[.:：]{0,2} {0,2}"
    r"(?P<number>(?:[18][ -](?=[(0-9]))?(?:\([0-9]{2,6}\) ?)?[0-9]{2,15}"
    rf"(?:{_BETWEEN}[0-9]{{1,12}}){{0,6}}){_END}",
    re.I,
)
_LOCAL = re.compile(r"0.*|[2-9][0-9]{2}-[0-9]{4}|1?[ .-]?\(?[2-9][0-9]{2}\)?[ .-].*")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}.*"
    r"|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)[0-9]{2}"
)
# What counts or numbers something else.
_OTHER = re.compile(
    r"\b(?:ranges?|sizes?|values?|between|pages?|rows?|lines?|isbn|issn|versions?|build"
    r"|serial|ids?|ticket|issue|order|epochs?|steps?|columns?|driver|part|doi|rfc|offsets?|pids?|ports?|counts?)"
    r"[ :=#(]{1,3}$",
    re.I,
)

HINT = (
    r"\+[1-9][0-9]|\b00[1-9][0-9]|\([2-9][0-9]{2}\)"
    r"|[2-9][0-9]{2}[ .-][2-9][0-9]{2}[ .-][0-9]{4}"
    rf"|(?i:\b(?:{_MACHINE}|{_ACT})[^0-9\n]{{1,16}}[0-9])"
    rf"|(?i:{_ABROAD})[^0-9\n]{{1,6}}[0-9]"
)


def find_phones(text: str) -> Iterator[Span]:
    """Yields telephone numbers."""
    for found in _INTERNATIONAL.finditer(text):
        least = 9 if found[0][0] == "+" else 11
        if least <= _digits(found[0].removeprefix("00")) <= 15:
            yield found.span()
    for found in _AMERICAN.finditer(text):
        if not _is_other(text, found):
            yield found.span()
    for found in _CALLED.finditer(text):
        if _is_number(found):
            yield found.span("number")


def _digits(written: str) -> int:
    return sum(char.isdigit() for char in written)


def _is_other(text: str, found: re.Match[str]) -> bool:
    if _OTHER.search(text[max(0, found.start() - 16) : found.start()]):
        return True
    # `200-300-4000` is rather a list of sizes than a number.
    area, office = found["area"] or "", found["office"] or ""
    return area.endswith("00") and office.endswith("00")


def _is_number(found: re.Match[str]) -> bool:
    number = found["number"]
    digits = _digits(number)
    if _DATE.fullmatch(number) or len(set(number) - set(" ./-()")) < 2:
        return False
    if found["machine"]:
        return 8 <= digits <= 15 or bool(_LOCAL.fullmatch(number) and digits == 7)
    if number.lstrip("(")[0] == "0":
        return 8 <= digits <= 15
    return digits in (7, 10, 11) and bool(_LOCAL.fullmatch(number))
