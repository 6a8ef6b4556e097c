"""Numbers of payment cards (ISO/IEC 7812) and bank accounts (IBAN, ISO 13616).

Both carry check digits, so that few other numbers are taken for one.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_CARD = re.compile(
    r"(?=[0-9])(?<![\w.+/=-])(?:[0-9]{14,16}"
    r"|[0-9]{4}(?P<sign>[ -])[0-9]{4}(?P=sign)[0-9]{4}"
    r"(?P=sign)[0-9]{4}|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5})(?![\w-]|[.:][0-9])"
)
# Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay.
_ISSUER = re.compile(
    r"4[0-9]{15}|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)[0-9]{12,14}"
    r"|3[47][0-9]{13}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14}"
)
_IBAN = re.compile(r"(?=[A-Z])(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}")
# Lengths out of the IBAN registry (ISO 13616, kept by SWIFT).
_REGISTERED = """
15:NO
16:BE
18:DK FI FO GL NL SD
19:MK SI
20:AT BA EE KZ LT LU MN XK
21:CH CR HR LI LV
22:BG BH DE GB GE IE ME RS VA
23:AE GI IL IQ OM SO TL
24:AD CZ DZ ES MD PK RO SA SE SK TN VG
25:LY PT ST
26:IS TR
27:BI DJ FR GR IT MC MR SM
28:AL AZ BY CY DO GT HU LB NI PL SV
29:BR EG PS QA UA
30:JO KW MU
31:MT SC
32:LC
33:RU
"""
_LENGTHS = {
    country: int(line[:2])
    for line in _REGISTERED.strip().split("\n")
    for country in line[3:].split()
}

HINT = (
    r"\b[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{4,5}[ -]?[0-9]{0,4}\b"
    r"|\b[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}"
)


def find_payments(text: str) -> Iterator[Span]:
    """Yields numbers of cards and bank accounts whose check digits are right."""
    for found in _CARD.finditer(text):
        number = re.sub("[ -]", "", found[0])
        if _ISSUER.fullmatch(number) and _luhn(number):
            yield found.span()
    for found in _IBAN.finditer(text):
        if end := _iban_end(found[0]):
            yield found.start(), found.start() + end


def _luhn(number: str) -> bool:
    doubled = (2 * int(digit) for digit in number[-2::-2])
    total = sum(map(int, number[-1::-2])) + sum(d - 9 * (d > 9) for d in doubled)
    return total % 10 == 0


def _iban_end(written: str) -> int:
    """Returns where the account number ends that a text begins with; 0 if none does."""
    length = _LENGTHS.get(written[:2], 0)
    places = [place for place, char in enumerate(written) if char != " "]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    number = written[:end].replace(" ", "")
    whole = end == len(written) or written[end] == " "
    rearranged = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
    return end if whole and int(rearranged) % 97 == 1 else 0
