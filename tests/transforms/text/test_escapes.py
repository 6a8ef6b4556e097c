r"""Texts that a dump escaped are read as they were meant; those about escapes stay."""

import pytest

from affectflow_transforms.text.entities import unescape


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (r"It fails.\nI hate it.", "It fails.\nI hate it."),
        (r"Hi,\r\n\r\nit fails again.\r\nBob", "Hi,\n\nit fails again.\nBob"),
        (r"Steps:\n- click\n- cry", "Steps:\n- click\n- cry"),
        (r"> why?\n\nbecause.", "> why?\n\nbecause."),
        (r"love it \u2764", "love it ❤"),
        (r"love it \u2764\ufe0f", "love it ❤\ufe0f"),
        (r"so tired \ud83d\ude2d\ud83d\ude2d", "so tired 😭😭"),
        (r"caf\u00e9 \u2013 closed", "café – closed"),
        ("Q&amp;amp;A is &amp;lt;3", "Q&A is <3"),
        ("I can&amp;#39;t &amp;quot;see&amp;quot; it", 'I can\'t "see" it'),
        ("rock &amp;amp; roll", "rock & roll"),
    ],
)
def test_what_a_dump_escaped_is_unescaped(stored, meant):
    assert unescape(stored) == meant
    assert unescape(meant) == meant


@pytest.mark.parametrize(
    "text",
    [
        r"Use \n for a newline.",
        r"It prints \n at the end.",
        "It splits at '\\n'.\nI do not want that.",
        r"Look in C:\new\name.txt, please. C:\tmp\Now",
        r"The path is \\server\new\Reports.",
        r"Call `a.split(\n)` and `\n\nB`.",
        r'I set sep="\n". Then it works.',
        r"The unicode letter \u2764 is shown as a box.",
        r"It matches [\u4e00-\u9fff] only.",
        r"I get \u0000 in the middle.",
        r"half a pair \ud83d here",
        "❤ is \\u2764 here",
        "`\\u2764` stays",
    ],
)
def test_a_text_about_escapes_stays(text):
    assert unescape(text) == text


@pytest.mark.parametrize(
    ("stored", "once"),
    [
        ("write &amp;amp; in HTML", "write &amp; in HTML"),
        ("&amp;gt; is not &gt;", "&gt; is not >"),
        ("`&amp;amp;` &amp;amp; more", "`&amp;amp;` & more"),
    ],
)
def test_entities_that_were_not_all_escaped_twice_lose_one_level(stored, once):
    assert unescape(stored) == once
