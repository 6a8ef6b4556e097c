import pyarrow as pa
import pytest

from affectflow_transforms.cues.emoji import RenderEmoji
from affectflow_transforms.cues.emoticons import RenderEmoticons
from affectflow_transforms.cues.typography import RenderTypography, unstretched

EMOJI = [
    pytest.param("ok 😂", [("cracking up", 1, "😂")], id="one"),
    pytest.param(
        "😂😂😂", [("cracking up, three times", 3, "😂😂😂")], id="a run counts"
    ),
    pytest.param("👍🏽", [("thumbs up, agreed", 1, "👍🏽")], id="skin tone is no cue"),
    pytest.param("👩‍💻", [("woman technologist", 1, "👩‍💻")], id="joined"),
    pytest.param("🤷🏽‍♀️", [("shrugging", 1, "🤷🏽‍♀️")], id="joined with tone"),
    pytest.param("🇩🇪", [("flag of germany", 1, "🇩🇪")], id="flag"),
    pytest.param("1️⃣", [("keycap 1", 1, "1️⃣")], id="keycap"),
    pytest.param("I ❤️ it ☺", [("heart", 1, "❤️"), ("smiles", 1, "☺")], id="vs"),
    pytest.param("a© b™ c↔d ✓", [], id="signs are no cues"),
    pytest.param(
        ":joy: :+1:",
        [("cracking up", 1, ":joy:"), ("thumbs up, agreed", 1, ":+1:")],
        id="short codes",
    ),
    pytest.param(
        "<:pepeSad_1:123456> <a:joy:123456>",
        [("pepe sad 1", 1, ":pepeSad_1:"), ("cracking up", 1, ":joy:")],
        id="a server's own",
    ),
    pytest.param(
        ":joy::joy: :+1::skin-tone-2:",
        [
            ("cracking up, twice", 2, ":joy::joy:"),
            ("thumbs up, agreed", 1, ":+1::skin-tone-2:"),
        ],
        id="codes side by side",
    ),
    pytest.param(
        ":party_parrot: (:blobcat:)",
        [("party parrot", 1, ":party_parrot:"), ("blobcat", 1, ":blobcat:")],
        id="a community's own",
    ),
    pytest.param(
        "10:30:15 a::b_c::d x:y_z:w :note: :my_role:`b` [:some_key: 1]",
        [],
        id="no codes",
    ),
    pytest.param("plain", [], id="plain"),
]

EMOTICONS = [
    pytest.param("ok :) ;-) :D", ["smiles", "wink", "grinning"], id="w"),
    pytest.param(
        ":( :-( :'( :/",
        ["frowning", "frowning", "crying", "uneasy"],
        id="sad",
    ),
    pytest.param(
        "xD <3 </3 ^^ -_- o_O D:",
        [
            "giggling",
            "heart",
            "broken heart, sad",
            "happy eyes",
            "not amused, annoyed",
            "astonished",
            "dismayed",
        ],
        id="others",
    ),
    pytest.param("thanks:) (thanks :))", ["smiles", "smiles"], id="clinging"),
    pytest.param("http://a C:/b C:\\b a:b 8) x", [], id="paths and lists"),
    pytest.param("(see 3:) (note:) (a: b)", [], id="brackets"),
    pytest.param("node <3 and x <3 v3.0.0", [], id="comparisons"),
    pytest.param("(╯°□°)╯︵ ┻━┻", ["table thrown in frustration"], id="table flip"),
    pytest.param("¯\\_(ツ)_/¯ ಠ_ಠ", ["shrug", "look of disapproval"], id="kaomoji"),
    pytest.param(
        "T_T (´･ω･`) (ノಠ益ಠ)ノ", ["crying", "dejected", "in a rage, annoyed"], id="j"
    ),
    pytest.param("( see above ): done", [], id="a bracket and a colon"),
    pytest.param("Dell XD 12, Adobe XD, Windows XP, 8D audio", [], id="names"),
    pytest.param("XP SP3, on XP, 50 XP, XP/Vista, an XP team", [], id="XP"),
    pytest.param("<3 months, <3 GB, <3 items", [], id="fewer than three"),
    pytest.param("attr_accessor :o, :x\nset :p to 3; {a: :x}", [], id="symbols"),
    pytest.param("vim :x and :s/a/b, { :p => 1 }", [], id="commands"),
    pytest.param("-.-.-.-.-\n_._._._._\n=_=_=_=_=", [], id="lines drawn"),
    pytest.param("(8) C:/ std:: 10:0 (link):( ratio 1 :3", [], id="numbers, paths"),
    pytest.param('{"a":0, "b":[ 1 ], "c":D}', [], id="JSON"),
    pytest.param("x[1 :] for (;;) f();) :p: :x:", [], id="slices, loops, short codes"),
    pytest.param("copy it to D:\nC: and D:\noption D:", [], id="drives"),
    pytest.param(
        "(lol :P ), sad ):\nso bad D:\nnice :p\n(kidding :)\nlol XD\nno -_-' ^_^; :o",
        [
            "playful",
            "frowning",
            "dismayed",
            "playful",
            "smiles",
            "giggling",
            "not amused, annoyed",
            "happy eyes",
            "gasping",
        ],
        id="the same as faces",
    ),
    pytest.param(
        "Thanks XD I love it. :):) T_T",
        ["giggling", "smiles", "smiles", "crying"],
        id="side by side",
    ),
    pytest.param("fine, thanks", [], id="plain"),
]

TYPOGRAPHY = [
    pytest.param("STOP DOING that", [("shouting", "STOP DOING")], id="words in a row"),
    pytest.param("this is AWFUL ok", [("shouting", "AWFUL")], id="one long word"),
    pytest.param("the HTTP API of MY_CONST and JSON", [], id="acronyms, constants"),
    pytest.param("FIX it, see README", [], id="one short word"),
    pytest.param(
        "ENOENT on start, ISBN 978-3-16, INSERT INTO t VALUES (1)", [], id="codes, SQL"
    ),
    pytest.param(
        "SELECT NAME FROM USERS; set TIMEOUT = 3; the PENDING flag", [], id="names"
    ),
    pytest.param("[<-LINK->] error ESOMETHING", [], id="placeholders"),
    pytest.param("soooo slow", [("stretched", "soooo")], id="stretched"),
    pytest.param("www.a.b IEEE 0xfff bookkeeper", [], id="not stretched"),
    pytest.param(
        "why?!?! no!!!", [("punctuation", "?!?!"), ("punctuation", "!!!")], id="m"
    ),
    pytest.param("a ?? b, !!x, a != b", [], id="operators"),
    pytest.param("well..... ok... a/.../b", [("hesitation", ".....")], id="dots"),
    pytest.param("plain words", [], id="plain"),
]


@pytest.mark.parametrize(("text", "expected"), EMOJI)
def test_emoji_are_said_by_name(text, expected):
    cues = RenderEmoji().render(text)

    assert [(c.phrase, c.value, text[c.start : c.end]) for c in cues] == expected


@pytest.mark.parametrize(("text", "expected"), EMOTICONS)
def test_emoticons_are_said_by_what_they_show(text, expected):
    assert [cue.phrase for cue in RenderEmoticons().render(text)] == expected


@pytest.mark.parametrize(("text", "expected"), TYPOGRAPHY)
def test_typography_is_named(text, expected):
    cues = RenderTypography().render(text)

    assert [(c.cue, text[c.start : c.end]) for c in cues] == expected


@pytest.mark.parametrize(
    ("renderer", "cases"),
    [
        pytest.param(RenderEmoji(), EMOJI, id="emoji"),
        pytest.param(RenderEmoticons(), EMOTICONS, id="emoticons"),
        pytest.param(RenderTypography(), TYPOGRAPHY, id="typography"),
    ],
)
def test_the_cheap_test_lets_every_cue_through_and_no_plain_text(renderer, cases):
    texts = [case.values[0] for case in cases]

    may = renderer.may_match(pa.array(texts)).to_pylist()

    found = [bool(renderer.render(text)) for text in texts]
    assert all(m for m, f in zip(may, found, strict=True) if f)
    assert not may[-1]


def test_shouting_carries_the_share_of_capitals():
    cue = RenderTypography().render("STOP that")[0]

    assert (cue.phrase, cue.value, cue.unit) == ("shouting", 0.5, "share")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("soooo", "so"), ("Goooood", "good"), ("yesss", "yes"), ("hmmmm", "hmm")],
)
def test_a_stretched_word_is_said_as_it_is_spelt(word, expected):
    assert unstretched(word) == expected
