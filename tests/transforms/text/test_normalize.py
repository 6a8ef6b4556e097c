import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow.steps.textualize import Textualize
from affectflow_transforms.text.normalize import NormalizeText, normalize
from tests.given.chat_logs import begins_with_one, said

PIECES = [
    "plain words",
    "é",
    "e\u0301",
    "@alice",
    "a.b@example.org",
    "`",
    "```",
    "~~~\n",
    "\n",
    "\r\n",
    "> ",
    "<!--",
    "-->",
    "https://x.org/a(b)",
    "[t](u)",
    "![i](u)",
    "\x00",
    "    x = 1;",
    "-- \n",
    "\t",
    "[USER]",
    "ERROR: x",
    "at a.b(C.java:1)",
    "+1 (415) ",
    "555-123-4567",
    "ghp_" + "a" * 36,
    "8.8.8.100",
    "u/someone",
    "<br>",
    "â€™",
    "\x1b[0m",
    "<pre>",
    "</pre>",
    "On 1 May x wrote:",
    "\u2028",
    "@@",
    ".",
    ":",
    "/",
    " ",
    "😂",
    "nick_1: ",
    "mike42, ",
    "@jane@h.example ",
    "://u:p@",
    "token: ",
    "0123456789abcdef" * 2,
    "password=",
    "4111111111111111",
    "81.169.145.2",
    "2a00:1450::200e",
    "call ",
    "030 1234567",
    "Authorization: Basic ",
    "@a:m.example",
    "x@y.example",
    "[SECRET]",
]
TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=12
).map("".join)

CHAT = pa.array([True])


def normalized(text: str, **options) -> tuple[str, list[tuple[str, str]]]:
    texts, segments = normalize(pa.array([text]), **options)
    clean = texts[0].as_py()
    found = segments[0].as_py()
    return clean, [(s["type"], clean[s["start"] : s["end"]]) for s in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("itâ€™s schÃ¶n", "it’s schön", id="mojibake is fixed"),
        pytest.param("`Ã©` is Ã©", "`Ã©` is é", id="mojibake in code stays"),
        pytest.param("e\u0301", "é", id="composed"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="lines end with LF"),
        pytest.param("a\x00b\x1b[31mc", "abc", id="control characters go"),
        pytest.param("a\tb\nc", "a\tb\nc", id="tab and newline stay"),
        pytest.param(
            "“so” ﬁne ｗｉｄｅ", "“so” ﬁne ｗｉｄｅ", id="what people chose stays"
        ),
        pytest.param("&lt;b&gt;", "<b>", id="entities"),
        pytest.param("", "", id="empty"),
        pytest.param("mail a.b+c@ex-ample.co.uk!", "mail [EMAIL]!", id="e-mail"),
        pytest.param(
            "git@github.com:a/b.git", "git@github.com:a/b.git", id="git remote"
        ),
        pytest.param("call +49 30 1234567 now", "call [PHONE] now", id="phone"),
        pytest.param("(415) 555-2671", "[PHONE]", id="US phone"),
        pytest.param("+1 for this, +1234 -567", "+1 for this, +1234 -567", id="votes"),
        pytest.param("key AKIA" + "A" * 16, "key [SECRET]", id="AWS key"),
        pytest.param(f"ghp_{'x' * 36}", "[SECRET]", id="token"),
        pytest.param("ftp://u:pw@h.org/", "ftp://u:[SECRET]@h.org/", id="password"),
        pytest.param("from 81.169.145.2", "from [IP]", id="address"),
        pytest.param(
            "127.0.0.1 192.168.100.1", "127.0.0.1 192.168.100.1", id="private"
        ),
        pytest.param(
            "4.7.2.0, version 1.2.3.100", "4.7.2.0, version 1.2.3.100", id="v"
        ),
        pytest.param("10:00:01 std::a::b", "10:00:01 std::a::b", id="times, scopes"),
        pytest.param("thanks @ann-b, @c.", "thanks [USER], [USER].", id="mentions"),
        pytest.param("hi <@U012AB3CD> u/abc", "hi [USER] [USER]", id="Slack, Reddit"),
        pytest.param(
            "@Override @angular/core a@b", "@Override @angular/core a@b", id="no"
        ),
        pytest.param("`@ann` @2x @16.8 @here", "`@ann` @2x @16.8 @here", id="nobody"),
        pytest.param("https://m.com/@ann", "https://m.com/@ann", id="not within links"),
        pytest.param("> @ann said\nno", "> [USER] said\nno", id="within quotes"),
    ],
)
def test_text_is_cleaned_and_personal_data_replaced(text, expected):
    clean, _ = normalized(text)

    assert clean == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mike42: it works", "[USER]: it works"),
        ("Nemo_bis, my pleasure", "[USER], my pleasure"),
        (" |trey|: yes", " [USER]: yes"),
        ("MatmaRex: so?", "[USER]: so?"),
        ("gerrit-wm:", "[USER]:"),
        ("mike42, Psr_: look", "[USER], [USER]: look"),
        ("well mike42: no", "well mike42: no"),
        ("mike42:no", "mike42:no"),
    ],
)
def test_an_account_that_a_message_begins_with_is_replaced(text, expected):
    clean, segments = normalized(text, chats=CHAT)

    assert clean == expected
    assert [s for s in segments if s != ("mention", "[USER]")] == []
    assert len(segments) == expected.count("[USER]")


@pytest.mark.parametrize(
    "word",
    [
        *("Note:", "Edit:", "Thanks,", "Hi,", "Unfortunately,", "FYI:", "TODO:"),
        *("However,", "PS:", "README:", "PRs,", "Follow-up:", "Re-opening,"),
        *("Signed-off-by:", "TypeError:", "NullPointerException:", "JavaScript,"),
        *("GitHub:", "Python3:", "i18n:", "v2:", "3,", "10:", "[WIP]:", "Step1:"),
        *("HADOOP-2949:", "UPDATE:"),
    ],
)
def test_a_word_that_a_message_begins_with_stays(word):
    text = f"{word} the build fails"

    assert normalized(text, chats=CHAT)[0] == text


def test_an_account_that_is_kept_is_typed_all_the_same():
    assert normalized("mike42: no", mask_mentions=False, chats=CHAT) == (
        "mike42: no",
        [("mention", "mike42")],
    )


@pytest.mark.parametrize(
    ("folder", "begin", "left"),
    [("livechat_gitter", 734, 0), ("irc_disentanglement", 2126, 1450)],
)
def test_chats_lose_the_accounts_that_cannot_be_words(shared_data, folder, begin, left):
    before = after = 0
    for path in sorted((shared_data / folder).rglob("*.txt*")):
        rows = said(path)
        nicks = {nick.lower() for nick, _ in rows}
        texts = pa.array([text for _, text in rows], pa.string())
        clean, _ = normalize(texts, chats=pa.array([True] * len(texts)))
        before += sum(begins_with_one(text, nicks) for text in texts.to_pylist())
        after += sum(begins_with_one(text, nicks) for text in clean.to_pylist())

    assert before == begin
    assert after <= left


def test_placeholders_are_typed_as_mentions_and_personal_data():
    _, segments = normalized("@ann wrote to x@y.org")

    assert segments == [("mention", "[USER]"), ("pii", "[EMAIL]")]


def test_mentions_can_be_kept_and_are_typed_all_the_same():
    clean, segments = normalized("hi @ann", mask_mentions=False)

    assert (clean, segments) == ("hi @ann", [("mention", "@ann")])


def test_another_word_for_mentions_is_the_callers_mistake():
    with pytest.raises(UsageError, match="'keep', got 'drop'"):
        NormalizeText(mentions="drop")


def test_rows_without_text_are_refused_and_empty_ones_are_not():
    batch = pa.record_batch({"text": pa.array(["a", None, ""])})

    out = NormalizeText().apply(batch)

    errors = out["errors"].to_pylist()
    assert [bool(e) for e in errors] == [False, True, False]
    assert errors[1][0]["error_type"] == "no_text"
    assert out["text"].to_pylist() == ["a", None, ""]


def test_plain_rows_and_slices_keep_their_place():
    batch = pa.record_batch({"text": ["skip", "plain", "see `x`", "plain é", "@ann"]})

    out = NormalizeText().apply(batch.slice(1))

    assert out["text"].to_pylist() == ["plain", "see `x`", "plain é", "[USER]"]
    types = [[s["type"] for s in row] for row in out["segments"].to_pylist()]
    assert types == [[], ["code"], [], ["mention"]]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@pytest.mark.rotated
def test_segments_are_sorted_disjoint_and_within_the_text(text):
    texts, segments = normalize(pa.array([text], pa.string()))

    position = 0
    for segment in segments[0].as_py():
        assert position <= segment["start"] < segment["end"]
        position = segment["end"]
    assert position <= len(texts[0].as_py())


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@pytest.mark.rotated
def test_normalizing_twice_changes_nothing(text):
    once, segments = normalize(pa.array([text], pa.string()))

    twice, again = normalize(once)

    assert twice.to_pylist() == once.to_pylist()
    assert again.to_pylist() == segments.to_pylist()


@pytest.mark.timeout(60)  # a pattern that grows with the square would take hours
@pytest.mark.parametrize(
    "unit", [">", "`", "@", "a", "*", "<!--", "](", "<a> b\n", "{quote}"]
)
def test_a_megabyte_of_one_character_does_not_hang(unit):
    text = unit * (1_000_000 // len(unit))

    texts, _ = normalize(pa.array([text]))

    assert texts.to_pylist() == [text]


@pytest.mark.timeout(60)  # as above; each takes half a core-second or less
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("| a\n", id="rows of bars"),
        pytest.param(" | a b\n", id="bars that are indented"),
        pytest.param("\n", id="empty lines"),
        pytest.param("> \n", id="empty quotes"),
        pytest.param("1 ", id="digits"),
        pytest.param("@a ", id="mentions"),
        pytest.param("[", id="brackets"),
        pytest.param("😂", id="emoji"),
        pytest.param("QUJD", id="base64"),
        pytest.param(".", id="dots"),
        pytest.param("!? ", id="marks"),
        pytest.param("A'", id="capitals and apostrophes"),
    ],
)
def test_a_tenth_of_a_megabyte_goes_through_all_rules_of_text(text):
    batch = pa.record_batch({"text": [text * (100_000 // len(text))]})

    out = Textualize().process_batch(NormalizeText().process_batch(batch))

    assert out.num_rows == 1
