import pyarrow as pa
import pytest

from affectflow_transforms.text.segments import TYPES, find_segments, may_have_segments

TRACE = """Traceback (most recent call last):
  File "a.py", line 1, in f
    f()
KeyError: 1"""
JAVA = "java.lang.IllegalStateException: no\n\tat a.b.C.d(C.java:12)\n\t... 3 more"
NODE = "TypeError: x is undefined\n    at f (/a/b.js:1:2)\n    at g (c.js:3:4)"
GO = "panic: oh\n\ngoroutine 1 [running]:"
RUST = "thread 'main' panicked at src/main.rs:2:5"

MAILMAN = f"{'_' * 47}\ndev mailing list\n[EMAIL]\nhttps://x.example/listinfo/dev"
OLD_LIST = '-.-.-.-.-.-.-.-\nr-x mailing list -- Read the FAQ\nSend "info"\n_._._._._'
EZMLM = f"{'-' * 69}\nTo unsubscribe, e-mail: [EMAIL]\nFor more, e-mail: [EMAIL]"
KERNEL = "--\nTo unsubscribe from this list: send a line to\nmajordomo [EMAIL]"

CASES = [
    pytest.param("it works, thanks: really", [], id="prose"),
    pytest.param("a\n```py\nx\n```\nb", [("code", "```py\nx\n```")], id="fence"),
    pytest.param("a\n~~~\nx\n~~~\nb", [("code", "~~~\nx\n~~~")], id="tildes"),
    pytest.param("a\n```\nx\ny", [("code", "```\nx\ny")], id="unclosed fence"),
    pytest.param("run `a b` now", [("code", "`a b`")], id="inline code"),
    pytest.param("``a ` b`` c", [("code", "``a ` b``")], id="two ticks"),
    pytest.param("a ` b", [], id="lone tick"),
    pytest.param(
        "so:\n\n    x = f(1);\n\nok", [("code", "    x = f(1);")], id="indented"
    ),
    pytest.param(
        "a\n\n    and then we went on to say more words\n\nb", [], id="indented prose"
    ),
    pytest.param("> a\n> > b\nc", [("quote", "> a\n> > b")], id="nested quote"),
    pytest.param(">_< no\n>= 3", [], id="no quote"),
    pytest.param(
        "On 3 May 2020, A B wrote:\n> hi\n\nyes",
        [("quote", "On 3 May 2020, A B wrote:\n> hi")],
        id="attribution",
    ),
    pytest.param(f"see\n{TRACE}\nhelp", [("log", TRACE)], id="Python trace"),
    pytest.param(f"see\n{JAVA}\nhelp", [("log", JAVA)], id="Java trace"),
    pytest.param(f"see\n{NODE}\nhelp", [("log", NODE)], id="Node trace"),
    pytest.param(f"see\n{RUST}\nhelp", [("log", RUST)], id="Rust panic"),
    pytest.param("npm ERR! code E4\nwhy", [("log", "npm ERR! code E4")], id="npm"),
    pytest.param(
        "2024-01-02 03:04:05 INFO up\nok",
        [("log", "2024-01-02 03:04:05 INFO up")],
        id="log line",
    ),
    pytest.param("WARNING: do not do this", [], id="a warning is prose"),
    pytest.param(
        "ERROR: a\nERROR: b\nwhy", [("log", "ERROR: a\nERROR: b")], id="two are a log"
    ),
    pytest.param("at 3:49 we met", [], id="a time"),
    pytest.param("(see http://a.b/c).", [("link", "http://a.b/c")], id="address"),
    pytest.param("[docs](http://a.b)", [("link", "http://a.b")], id="target only"),
    pytest.param("![i](http://a.b)", [("link", "![i](http://a.b)")], id="image"),
    pytest.param(
        "http://a.b/c_(d) x", [("link", "http://a.b/c_(d)")], id="bracket in address"
    ),
    pytest.param(
        "bye\n-- \nAnn\nInc", [("signature", "-- \nAnn\nInc")], id="signature"
    ),
    pytest.param(
        "ok\nSent from my iPhone", [("signature", "Sent from my iPhone")], id="phone"
    ),
    pytest.param(
        "no\n-- \nAnn\n\nOn 3 May 2020, B wrote:\n> hi",
        [("signature", "-- \nAnn"), ("quote", "On 3 May 2020, B wrote:\n> hi")],
        id="signature over a quote",
    ),
    pytest.param(f"no\n{MAILMAN}", [("signature", MAILMAN)], id="Mailman"),
    pytest.param(f"no\n\n{OLD_LIST}", [("signature", OLD_LIST)], id="old list"),
    pytest.param(f"no\n\n{EZMLM}", [("signature", EZMLM)], id="ezmlm"),
    pytest.param(f"no\n{KERNEL}", [("signature", KERNEL)], id="majordomo"),
    pytest.param("a\n----------\nI hate this list", [], id="a line drawn"),
    pytest.param(
        "x\nSigned-off-by: A", [("signature", "Signed-off-by: A")], id="trailer"
    ),
    pytest.param("<!-- a\nb --> c", [("template", "<!-- a\nb -->")], id="comment"),
    pytest.param(
        "### Steps to reproduce\nrun",
        [("template", "### Steps to reproduce")],
        id="template heading",
    ),
    pytest.param("### My story\nrun", [], id="own heading"),
    pytest.param("- [x] read it\nno", [("template", "- [x] read it")], id="checkbox"),
    pytest.param(
        "This issue has been automatically marked as stale. Why?!",
        [("bot", "This issue has been automatically marked as stale.")],
        id="bot sentence",
    ),
    pytest.param("a<br>b List<String>", [("html", "<br>")], id="tags, not generics"),
    pytest.param("<code>a</code> b", [("code", "<code>a</code>")], id="code element"),
    pytest.param(
        "post ```\nx\n```\ndone", [("code", "```\nx\n```")], id="fence behind prose"
    ),
    pytest.param("> a `b` @c\nd", [("quote", "> a `b` @c")], id="the outer one wins"),
    pytest.param("- a\n- b\n* c", [], id="lists"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_spans_are_typed_by_what_they_are(text, expected):
    found = [(s.type, text[s.start : s.end]) for s in find_segments(text)]

    assert found == expected


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_cheap_test_lets_every_text_with_segments_through(text, expected):
    assert may_have_segments(pa.array([text]))[0].as_py() or not expected


def test_a_go_panic_is_a_log():
    assert {s.type for s in find_segments(GO)} == {"log"}


def test_a_fence_names_its_language():
    assert find_segments("```Ruby\nx\n```")[0].lang == "ruby"


def test_every_type_is_declared():
    found = {s.type for case in CASES for s in find_segments(case.values[0])}

    assert found <= set(TYPES)
    assert found >= set(TYPES) - {"mention", "pii"}


def test_plain_words_are_not_looked_at():
    texts = pa.array(["I love this so much, thank you", "why would anybody do that"])

    assert may_have_segments(texts).to_pylist() == [False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<https://x.example/a|the docs> lol", [("link", 0, 30)]),
        ("see <#C024BE7LR|general> <!here>", [("link", 4, 24), ("mention", 25, 32)]),
        ("<[USER]> hi <@&123456>", [("mention", 0, 8), ("mention", 12, 22)]),
        ("at <t:1600000000:R>", [("link", 3, 19)]),
        ("<:pepe:123456> lol", [("html", 0, 1), ("html", 7, 14)]),
        ("<a:pepe:123456>", [("html", 0, 2), ("html", 8, 15)]),
        ("a < b: 12345> c <3", []),
    ],
)
def test_markup_of_chats_is_typed(text, expected):
    found = find_segments(text)

    assert [(s.type, s.start, s.end) for s in found] == expected
    assert may_have_segments(pa.array([text]))[0].as_py() or not expected
