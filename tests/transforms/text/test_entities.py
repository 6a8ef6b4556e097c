import pyarrow as pa
import pytest

from affectflow_transforms.text.entities import unescape_column
from affectflow_transforms.text.normalize import normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("I can&#39;t stand it", "I can't stand it", id="decimal"),
        pytest.param("I can&#x27;t &#X26; won&apos;t", "I can't & won't", id="hex"),
        pytest.param("love it &lt;3", "love it <3", id="a heart"),
        pytest.param("&quot;no&quot;&nbsp;&hellip;", '"no" …', id="named"),
        pytest.param("caf&eacute; &rarr; bar&#8203;", "café → bar", id="letters"),
        pytest.param("&amp;gt; &amp;amp;", "&gt; &amp;", id="one level"),
        pytest.param(
            "write &amp;amp; to get &amp;",
            "write &amp; to get &",
            id="a topic, escaped",
        ),
        pytest.param(
            "write &amp; to get &", "write &amp; to get &", id="a topic, not escaped"
        ),
        pytest.param('use &lt; for "<"', 'use &lt; for "<"', id="a sign, too"),
        pytest.param('type &quot; for "', 'type &quot; for "', id="a quote's name"),
        pytest.param(
            "it's &quot;fine&quot; &#39;so&#39;", "it's \"fine\" 'so'", id="mixed"
        ),
        pytest.param("write `&amp;` in HTML", "write `&amp;` in HTML", id="in ticks"),
        pytest.param(
            "a &lt; b\n```\n&lt;b&gt;\n```",
            "a < b\n```\n&lt;b&gt;\n```",
            id="in a fence",
        ),
        pytest.param(
            "{code}&lt;b&gt;{code} &gt;", "{code}&lt;b&gt;{code} >", id="Jira"
        ),
        pytest.param(
            "<https://x.example?a&b|c> &amp; d",
            "<https://x.example?a&b|c> & d",
            id="Slack",
        ),
        pytest.param(
            "https://x.example?a=1&amp;b=2", "https://x.example?a=1&b=2", id="URL"
        ),
        pytest.param(
            "Q & A can&#39;t work", "Q & A can't work", id="another sign is bare"
        ),
        pytest.param(
            "int *p = &sum; f(&copy; &nope;",
            "int *p = &sum; f(&copy; &nope;",
            id="addresses",
        ),
        pytest.param(
            "https://x.example?a&lt=1&copy=2",
            "https://x.example?a&lt=1&copy=2",
            id="no semicolon",
        ),
        pytest.param("use &nbsp; in HTML", "use &nbsp; in HTML", id="a blank's name"),
        pytest.param("plain &", "plain &", id="bare"),
        pytest.param(None, None, id="null"),
    ],
)
def test_entities_are_unescaped_once_and_never_where_they_are_the_topic(text, expected):
    texts = pa.array([text, "plain"], pa.string())

    assert unescape_column(texts).to_pylist() == [expected, "plain"]


def test_quotes_are_found_in_the_unescaped_text():
    texts, segments = normalize(pa.array(["&gt; I hate it\nI do not agree, a@b.org"]))

    assert texts.to_pylist() == ["> I hate it\nI do not agree, [EMAIL]"]
    quote = segments[0].as_py()[0]
    assert (quote["type"], quote["start"], quote["end"]) == ("quote", 0, 11)
