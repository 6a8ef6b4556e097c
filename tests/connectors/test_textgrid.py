"""ReadTextgrid: grids of our own in both of Praat's text formats."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow.kinds.source import recognised
from affectflow_connectors.transcripts.praat import tiers_of
from affectflow_connectors.transcripts.textgrid import ReadTextgrid
from tests.given.reading import living, rows_of, why_dead

ANN = [(0, 0.5, ""), (0.5, 1.25, 'it "fails"'), (1.25, 3, "")]
BOB = [(0, 1, ""), (1, 2.000001, "no [laughter]\nso 3 4"), (2.000001, 3, " ")]


def long(*tiers):
    """Returns tiers as Praat's long format has them; a point has one time."""
    parts = []
    for number, (name, marks) in enumerate(tiers, 1):
        points = len(marks[0]) == 2
        kind = "TextTier" if points else "IntervalTier"
        rows = "".join(
            f"        {'points' if points else 'intervals'} [{n}]:\n"
            + "".join(f"            time = {value} \n" for value in times)
            + f'            text = "{text.replace(chr(34), chr(34) * 2)}" \n'
            for n, (*times, text) in enumerate(marks, 1)
        )
        parts.append(
            f'    item [{number}]:\n        class = "{kind}" \n        name = "{name}" '
            f"\n        xmin = 0 \n        xmax = 3 \n        intervals: size = "
            f"{len(marks)} \n{rows}"
        )
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 3 '
    count = f"\ntiers? <exists> \nsize = {len(tiers)} \nitem []: \n"
    return head + count + "".join(parts)


def short(*tiers):
    """Returns tiers as the short format has them: the values of the long one."""
    lines = ['File type = "ooTextFile short"', '"TextGrid"', "", "0", "3", "<exists>"]
    lines.append(str(len(tiers)))
    for name, marks in tiers:
        kind = "TextTier" if len(marks[0]) == 2 else "IntervalTier"
        lines += [f'"{kind}"', f'"{name}"', "0", "3", str(len(marks))]
        for *times, text in marks:
            lines += [*map(str, times), '"' + text.replace('"', '""') + '"']
    return "\n".join(lines) + "\n"


def read(tmp_path, text, encoding="utf-8", **options):
    path = tmp_path / "talk.TextGrid"
    path.write_bytes(text.encode(encoding))
    return rows_of(ReadTextgrid, path, **options)


def said(rows):
    names = ("start_s", "end_s", "speaker_id", "text")
    return [tuple(row[name] for name in names) for row in living(rows)]


@pytest.mark.parametrize("write", [long, short])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_intervals_become_turns_in_time_order(tmp_path, write, encoding):
    text = write(("Bob", BOB), ("Ann é", ANN))

    rows = read(tmp_path, text, encoding)

    assert said(rows) == [
        (0.5, 1.25, "Ann é", 'it "fails"'),
        (1.0, 2.000001, "Bob", "no [laughter]\nso 3 4"),
    ]
    assert {row["media_uri"] for row in rows} == {"talk"}
    assert [row["origin"].rpartition("#")[2] for row in rows] == ["1", "2"]
    assert recognised("a", (tmp_path / "talk.TextGrid").read_bytes())[0] is ReadTextgrid


WORDS = [
    *((0, 0.2, "sil"), (0.2, 0.5, "it"), (0.5, 0.9, "fails"), (0.9, 1.0, "")),
    *((1.0, 1.2, "again"), (1.2, 2.0, "<p:>"), (2.0, 2.5, "why"), (2.5, 3, "")),
]
PHONES = [(0, 1, "ɪ"), (1, 3, "t")]
POINTS = [(0.5, "120"), (1.5, "85")]


@pytest.mark.parametrize(
    ("tiers", "options", "expected", "counted"),
    [
        pytest.param(
            [("Ann - words", WORDS), ("Ann - phones", PHONES)],
            {},
            [(0.2, 1.2, "Ann", "it fails again"), (2.0, 2.5, "Ann", "why")],
            2,
            id="words of an aligner",
        ),
        pytest.param(
            [("words", WORDS)],
            {"pause_s": 0.05},
            [
                (0.2, 0.9, None, "it fails"),
                (1.0, 1.2, None, "again"),
                (2.0, 2.5, None, "why"),
            ],
            0,
            id="a shorter pause",
        ),
        pytest.param(
            [("word", WORDS), ("phrase", ANN)],
            {},
            [(0.5, 1.25, None, 'it "fails"')],
            6,
            id="words beside phrases",
        ),
        pytest.param([("Ann", ANN), ("pitch", POINTS)], {}, 1, 2, id="points"),
        pytest.param(
            [("Ann", ANN), ("bell", POINTS)],
            {"tiers": "bell"},
            [(0.5, 0.5, "bell", "120"), (1.5, 1.5, "bell", "85")],
            1,
            id="points that are asked for",
        ),
    ],
)
def test_what_a_tier_holds_decides(tmp_path, tiers, options, expected, counted):
    rows = read(tmp_path, long(*tiers), **options)

    found = said(rows)
    assert (len(found) if isinstance(expected, int) else found) == expected
    assert why_dead(rows) == ["not_an_utterance"] * counted


@pytest.mark.parametrize(
    ("text", "alive", "error"),
    [
        pytest.param(
            long(("Ann", ANN), ("Bob", BOB))[:-60], 2, "truncated_file", id="cut"
        ),
        pytest.param(
            short(("Ann", ANN), ("Bob", BOB)).replace("2.000001\n", '"x"\n', 1),
            1,
            "damaged_file",
            id="text for a number",
        ),
        pytest.param("ooTextFile", 0, "unknown_shape", id="nothing in it"),
        pytest.param(
            long(("A", ANN)).replace("<exists>", "<absent>"), 0, None, id="no tier"
        ),
        pytest.param(
            short(("A", ANN)).replace("IntervalTier", "PitchTier"),
            0,
            "damaged_file",
            id="another object",
        ),
    ],
)
def test_a_damaged_grid_gives_what_came_before(tmp_path, text, alive, error):
    rows = read(tmp_path, text)

    assert len(living(rows)) == alive
    assert why_dead(rows) == ([error] if error else [])


def test_a_pause_is_not_negative():
    with pytest.raises(UsageError, match="pause_s must be at least 0, got -1"):
        ReadTextgrid(paths="a", pause_s=-1)


VALUES = ['"IntervalTier"', '"a"', "0", "1", "9" * 400]


@given(tail=st.text(max_size=30) | st.lists(st.sampled_from(VALUES)).map("\n".join))
@settings(max_examples=50, deadline=None)
def test_any_values_are_read_or_refused(tail):
    text = '"ooTextFile"\n"TextGrid"\n0\n3\n<exists>\n' + tail

    assert list(tiers_of(text)) or tail.strip()[:1] == "0"


@pytest.mark.parametrize(
    ("name", "texts", "counted"),
    [
        ("mary", ["mary rolled the barrel"], 18),
        ("bobby_words", ["BOBBY RIPPED THE LEDGER"], 4),
        ("bobby_phones", [], 13),
    ],
)
def test_real_grids(shared_data, name, texts, counted):
    path = shared_data / "nv_transcripts" / "praat" / f"{name}.TextGrid"

    rows = rows_of(ReadTextgrid, path)

    assert [row["text"] for row in living(rows)] == texts
    assert why_dead(rows) == ["not_an_utterance"] * counted
