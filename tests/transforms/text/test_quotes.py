"""Others' words are quotes, with the line that says whose; «» mark them below."""

import pyarrow as pa
import pytest

from affectflow_transforms.text.segments import find_segments, may_have_segments

OUTLOOK = """From: Sam
Sent: Monday, November 16, 2015 5:12 PM
To: dev
Subject: Re: crash

I hate this, it is garbage."""
GERMAN = """Von: Sam <[EMAIL]>
Gesendet: Montag, 16. November 2015 17:12
An: dev
Betreff: AW: Absturz

Ich hasse das."""
FRENCH = """De : Sam
Envoyé : lundi 16 novembre 2015 17:12
À : dev
Objet : RE: panne

Je déteste ça."""
APPLE = """Begin forwarded message:

From: Ann <[EMAIL]>
Subject: crash
Date: 3 May 2020 at 10:00:01 CEST
To: dev

I hate this."""
THUNDERBIRD = """-------- Forwarded Message --------
Subject: \tcrash
Date: \tMon, 3 May 2020 10:00:01 +0200
From: \tAnn <[EMAIL]>

I hate this."""

QUOTES = [
    # Trackers and forums
    pytest.param("«{quote}I hate this{quote}»\nNo.", id="Jira"),
    pytest.param("«{quote:title=Ann}\nI hate this\n{quote}» No.", id="Jira, titled"),
    pytest.param("«bq. I hate this»\nNo.", id="Jira, one line"),
    pytest.param(
        '«[quote="bob, post:1, topic:22"]\nI hate this\n[/quote]»\nCalm down, please.',
        id="Discourse",
    ),
    pytest.param("«[QUOTE=bob;7]a [quote]b[/quote] c[/QUOTE]» no", id="nested"),
    pytest.param("«[quote]I hate this»\n\nNo.", id="never closed: one paragraph"),
    pytest.param("Use {quote} for quotes, or [quote].", id="about the marks"),
    pytest.param("a [quote](https://x.example) [code][1]", id="links"),
    pytest.param("«<blockquote>a<blockquote>b</blockquote>c</blockquote>»", id="HTML"),
    # Headers of mail
    pytest.param(f"Fixed.\n\n«---\n\n{OUTLOOK}»", id="Outlook, ruled"),
    pytest.param(f"Fixed.\n\n«{OUTLOOK}»", id="Outlook, bare"),
    pytest.param(f"Fixed.\n\n«-----Original Message-----\n{OUTLOOK}»", id="Outlook"),
    pytest.param(f"Fixed.\n«{'_' * 32}\n{OUTLOOK}»", id="Outlook on the web"),
    pytest.param(f"Ok.\n\n«-----Ursprüngliche Nachricht-----\n{GERMAN}»", id="de"),
    pytest.param(f"Ok.\n\n«{GERMAN}»", id="German, bare"),
    pytest.param(f"D'accord.\n\n«{FRENCH}»", id="French, bare"),
    pytest.param("ok\n\n«*From:* Sam\n*Date:* 3 May, 10:00\n\nI hate it»", id="bold"),
    pytest.param(f"FYI\n\n«{APPLE}»", id="Apple Mail"),
    pytest.param(f"FYI\n\n«{THUNDERBIRD}»", id="Thunderbird"),
    pytest.param(
        "see\n«---------- Forwarded message ---------\nFrom: Ann\n\nI hate it\n"
        "----- End forwarded message -----»\n\nNot me.",
        id="forwarded, and it says where it ends",
    ),
    pytest.param("From: 1.2\nTo: 1.3\nand it breaks", id="an upgrade"),
    pytest.param("Subject: it breaks\nI hate it", id="one header"),
    pytest.param("---\nFrom here on it breaks", id="a rule"),
    # Lines that say who wrote
    pytest.param("«On 3 May 2020, A B wrote:\n> hi»\n\nyes", id="Gmail"),
    pytest.param(
        "yes\n\n«On Mon, May 3, 2020 at 5:12 PM Ann B\n<[EMAIL]> wrote:\n\n> hi\n> ho»",
        id="wrapped",
    ),
    pytest.param(
        "yes\n\n«On Mon, May 3, 2020 at 5:12 PM Ann <[EMAIL]> wrote:\nI hate it\n\nso»",
        id="the marks were lost",
    ),
    pytest.param("«Am 03.05.20 um 10:00 schrieb Ann B:\n> hi»\nja", id="German"),
    pytest.param("«Le 3 mai 2020 à 10:00, Ann <[EMAIL]> a écrit :\n> a»\nb", id="fr"),
    pytest.param("«Den tors 5 jan. 2023 skrev Ann <[EMAIL]>:\n> hej»\nja", id="sv"),
    pytest.param("«Op ma 2 jan. 2023 schreef Ann <[EMAIL]>:\n> hoi»\nja", id="nl"),
    pytest.param("«пн, 2 янв. 2023 г. в 10:01, Ann <[EMAIL]>:\n> a»\nb", id="ru"),
    pytest.param("«Ann wrote on Monday:»\nI disagree.", id="a day"),
    pytest.param("«[USER] wrote:\n> I hate this»\nno", id="a mention"),
    pytest.param("«Ann via dev <[EMAIL]> writes:\n> hi»\nno", id="over a list"),
    pytest.param("«At 10:15 AM 1/2/2003, Ann B wrote:\n>hi»\nno", id="Eudora"),
    pytest.param("«In article <a@b>, Ann writes:\n| I hate this»\nno", id="Usenet"),
    pytest.param("«Quoting Ann <[EMAIL]>:\n> I hate this»\nno", id="Horde"),
    pytest.param("I hate what Ann wrote:\n«> hi»\nno", id="the author's own"),
    pytest.param("On Monday I wrote: it breaks", id="no colon at the end"),
    pytest.param("I wrote two things:\n- a\n- b", id="a list"),
    # Marks
    pytest.param("«| I hate this\n| so much»\nno", id="bars"),
    pytest.param("| a | b |\n|---|---|\n| c d | e f |", id="a table"),
    pytest.param("| Findings\n| --------\n| It leaks", id="one column"),
    pytest.param("run\n| grep hate\n| sort -u", id="a pipe"),
    pytest.param("«name> I hate this»\nno", id="a name"),
    pytest.param("«[USER]> I hate this»\nno", id="a masked name"),
    pytest.param(
        '«>>>>> "AB" == Ann B writes:»\n\n«    AB> I hate this\n    AB> so much»\n\nno',
        id="Supercite",
    ),
    pytest.param("Settings> General> Network is gone", id="a menu"),
    pytest.param("«>>> I hate\nthis»\n\nno", id="a chat's block"),
    pytest.param("so:\n\n«    > I hate this\n    > so much»\n\nno", id="indented"),
    pytest.param("«<ann> I hate this\n<bob> me too»\nno", id="a pasted chat"),
    pytest.param("<ann> I hate this", id="one line is how a log says it"),
    pytest.param("<[USER]> I like it\n<[USER]> and you?", id="two mentions"),
    pytest.param(">_< no\n>= 3\n>:( no", id="no quote"),
]


def _spans(text: str, marked: str = "quote") -> str:
    for found in reversed(find_segments(text)):
        if found.type == marked:
            body = text[found.start : found.end]
            text = f"{text[: found.start]}«{body}»{text[found.end :]}"
    return text


@pytest.mark.parametrize("expected", QUOTES)
def test_what_somebody_else_wrote_is_a_quote(expected):
    text = expected.translate({ord(mark): None for mark in "«»"})

    assert _spans(text) == expected


@pytest.mark.parametrize("expected", QUOTES)
def test_the_cheap_test_lets_every_quote_through(expected):
    text = expected.translate({ord(mark): None for mark in "«»"})

    assert may_have_segments(pa.array([text]))[0].as_py() or text == expected
