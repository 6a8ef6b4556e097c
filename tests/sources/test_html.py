import time

import pytest

from affectflow.sources.html import text_of_html, unescaped


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("<p>a</p><p>b <em>c</em> d</p>", "a\n\nb c d", id="paragraphs"),
        pytest.param("a<br>b<br/><br>c<hr>d", "a\nb\n\nc\n\nd", id="breaks"),
        pytest.param("one\n  line ", "one line ".strip(), id="white space"),
        pytest.param("<ul><li>a</li>\n<li>b</li></ul>", "- a\n- b", id="list"),
        pytest.param("<ol><li>a<li>b</ol>z", "1. a\n2. b\n\nz", id="numbered"),
        pytest.param("<ul><li>a<ul><li>b</ul></ul>", "- a\n  - b", id="nested list"),
        pytest.param("<ul><li><p>a</p></li></ul>", "- a", id="paragraph in an item"),
        pytest.param(
            "<blockquote><p>a</p>\n<p>b</p></blockquote>c", "> a\n>\n> b\n\nc",
            id="quote",
        ),
        pytest.param(
            "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b",
            id="quote in a quote",
        ),
        pytest.param(
            '<blockquote class="spoiler"><p>me</p></blockquote>', "me", id="spoiler"
        ),
        pytest.param(
            '<aside class="quote" data-username="bob"><div class="title">bob:</div>'
            "<blockquote><p>hi</p></blockquote></aside><p>no</p>", "> hi\n\nno",
            id="quote of a forum",
        ),
        pytest.param(
            "x<pre><code>\nint a;\n\n  b &lt; c\n</code></pre>y",
            "x\n\n```\nint a;\n\n  b < c\n```\n\ny",
            id="code",
        ),
        pytest.param("<blockquote><pre>a\nb</pre></blockquote>",
                     "> ```\n> a\n> b\n> ```", id="code in a quote"),
        pytest.param("use <code>a&amp;b</code>", "use `a&b`", id="code in a line"),
        pytest.param("<s>no</s> yes", "~~no~~ yes", id="struck"),
        pytest.param('<a href="https://e.org/a">it</a>', "[it](https://e.org/a)",
                     id="link"),
        pytest.param('<a href="https://e.org/abc"><span class="invisible">https://'
                     '</span>e.org/ab\u2026</a>', "https://e.org/abc", id="address"),
        pytest.param('<a href="/r/x">x</a>', "x", id="relative link"),
        pytest.param('<a class="mention" href="https://e.org/@x">@x</a>', "@x",
                     id="mention"),
        pytest.param('<img class="emoji" alt=":joy:" src="https://e.org/j.png">',
                     ":joy:", id="emoji"),
        pytest.param('<img alt="a > b" src="https://e.org/j.png">',
                     "![a > b](https://e.org/j.png)", id="picture"),
        pytest.param("<tr><td>a</td><td>b</td></tr><tr><td>c", "a | b\nc", id="table"),
        pytest.param("<style>x{}</style>a<!-- b -->c", "ac", id="unseen"),
        pytest.param("I <3 you </3 & <", "I <3 you </3 & <", id="no tags"),
        pytest.param("&amp;gt; &#x1F602; &nbsp;", "&gt; 😂", id="escapes once"),
        pytest.param("a <b and 'c > d", "a d", id="open quotation mark"),
        pytest.param("<p dir='rtl'>مرحبا</p>", "مرحبا", id="right to left"),
        pytest.param("", "", id="empty"),
    ],
)  # fmt: skip
def test_html_becomes_what_its_author_wrote(source, text):
    assert text_of_html(source).replace("\xa0", "").strip() == text


@pytest.mark.parametrize(
    "source",
    [
        *("<div>", "<blockquote>a", "<ul><li>a", "<a href=x>", '<a b="', "<", "<!--"),
        *("<pre>", "&", "&#x", "<b>x", "<img " + "x" * 9, "<pre>\n<i></i>", "</p>"),
        *("<td>", "<aside class=quote>", "<q>", "<script>", "&#9", "<a\n"),
    ],
)
def test_hostile_html_takes_linear_time(source):
    began = time.process_time()

    text_of_html(source * 10_000)

    assert time.process_time() - began < 2  # a quadratic one takes minutes


def test_escapes_are_taken_away_once_and_only_whole_ones():
    assert unescaped("&amp;lt; &#39; &eacute; ?a&copy=1 &#99999999999;") == (
        "&lt; ' é ?a&copy=1 &#99999999999;"
    )
