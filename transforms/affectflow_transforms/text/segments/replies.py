"""Replies and forwarded mail: from the headers of the other message on, a quote.

The words of the headers are those that mail programs write in each language; the
library mail-parser-reply collects them, too, but it strips blanks, so that nothing
it finds has a place in the text.
"""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, trimmed

_ROLES = {
    "from": "From|Von|De|Da|Van|Od|Fra|Från|Lähettäjä|Kimden|Feladó|От|Від|发件人"
    "|寄件者|差出人|送信者|보낸 사람",
    "sent": "Sent|Date|Gesendet|Datum|Envoyé|Enviado(?: el| em)?|Enviada em|Fecha|Data"
    "|Inviato|Verzonden|Wysłano|Odesláno|Sendt|Skickat|Dato|Lähetetty|Päiväys"
    "|Gönderilen|Gönderildi|Tarih|Elküldve|Отправлено|Дата|发送时间|日期|送信日時|日付"
    "|보낸 날짜|날짜",
    "subject": "Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Temat|Předmět"
    "|Emne|Ämne|Aihe|Konu|Tárgy|Тема|主题|主旨|件名|제목",
    "to": "To|Cc|CC|Bcc|Reply-To|Organization|Importance|Attachments|An|Kopie"
    "|Antwort an|À|A|Para|Copie à|Pour|Aan|Do|Komu|DW|UDW|Til|Till|Kopia|Kopi"
    "|Vastaanottaja|Kopio|Kime|Bilgi|Címzett|Кому|Копия|收件人|抄送|宛先|받는 사람"
    "|참조",
}
_STARS = r"[*_]{0,3}"
_EITHER = "|".join(f"(?P<{role}>{names})" for role, names in _ROLES.items())
_HEADER = re.compile(
    rf"[ \t]*{_STARS}(?:{_EITHER})[  ]?{_STARS}[:：]{_STARS}[^\n]*(?:\n|\Z)"
)
_BEGIN = "|".join(_ROLES[role] for role in ("from", "sent", "subject"))
_RULE = r"[-_=*]{2,80}[ \t]*\n\s{0,4}"
_CONTINUED = re.compile(r"(?:[ \t]+\S|[^\n:]*@)[^\n]*(?:\n|\Z)")
_TIME = re.compile(r"[0-9][:.][0-9]{2}")
_MAX_LINES = 14


def _take_headers(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes `From: .. Sent: .. To: .. Subject: ..` and all that follows."""
    start = re.compile(rf"(?:{_RULE})?").match(scan.text, opened.start())
    if not _is_head(scan, start.end() if start else opened.start()):
        return None
    return trimmed(scan, "quote", opened.start(), scan.size)


def _is_head(scan: Scan, position: int) -> bool:
    """Returns whether the headers of a message begin at `position`."""
    roles: set[str] = set()
    at = ""
    for _ in range(_MAX_LINES):
        line = _HEADER.match(scan.text, position)
        if line:
            role = line.lastgroup or ""
            at = line[0] if role == "sent" else at
            roles.add(role)
        else:
            line = _CONTINUED.match(scan.text, position) if roles else None
        if line is None:
            break
        position = line.end()
        # A message that was HTML has a blank line between its headers.
        blank = re.compile(r"[ \t]*\n").match(scan.text, position)
        if blank and _HEADER.match(scan.text, blank.end()):
            position = blank.end()
    if "from" not in roles:
        return False
    return (len(roles) > 2) or ("sent" in roles and bool(_TIME.search(at)))


_TITLES = (
    r"(?:Original Message|Original Appointment|(?:Begin )?Forwarded [Mm]essage"
    r"|Forwarded Message|Forwarded by [^\n-]{2,80}|Ursprüngliche Nachricht"
    r"|Original-Nachricht|Originalnachricht|Weitergeleitete Nachricht"
    r"|Message d['’]origine|Message original|Message transféré|Mensaje original"
    r"|Mensaje reenviado|Messaggio originale|Messaggio inoltrato|Mensagem original"
    r"|Mensagem encaminhada|Oorspronkelijk bericht|Doorgestuurd bericht"
    r"|Oryginalna wiadomość|Wiadomość oryginalna|Ursprungligt meddelande"
    r"|Oprindelig meddelelse|Opprinnelig melding|Původní zpráva|Alkuperäinen viesti"
    r"|Исходное сообщение|Пересылаемое сообщение|Orijinal İleti|邮件原件|原始邮件"
    r"|转发的邮件|元のメッセージ|원본 메시지)"
)
_APPLE = (
    r"(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)"
    r"|Début du message (?:réexpédié|transféré)|Inicio del mensaje reenviado"
    r"|Inizio messaggio inoltrato|Início da mensagem reencaminhada"
    r"|Begin doorgestuurd bericht)[  ]?:"
)
_CLOSED = re.compile(
    r"^-{2,12} ?End (?:of )?(?:[Ff]orwarded|[Oo]riginal) [Mm]essage ?-{0,12}[ \t]*$",
    re.M,
)


def _take_forwarded(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """A forwarded or top-posted message goes on to where it says that it ends."""
    closed = _CLOSED.search(scan.text, opened.end())
    end = closed.end() if closed else scan.size
    return trimmed(scan, "quote", opened.start(), end)


FAMILIES = (
    Family(
        "forwarded",
        rf"^[ \t]*(?:[-_*]{{2,20}} ?{_TITLES} ?[-_*]{{2,20}}|{_APPLE})",
        _take_forwarded,
        r"[-_*]{2} ?\pL|warded message|weitergeleitet|message r|message tr|mensaje r"
        r"|inoltrato|reencaminhada|doorgestuurd",
    ),
    Family(
        "reply_headers",
        rf"^(?:{_RULE})?[ \t]*{_STARS}(?:{_BEGIN})[  ]?{_STARS}[:：]",
        _take_headers,
        rf"(?:{_BEGIN})[ \x{{a0}}*_]*[:：]",
    ),
)
