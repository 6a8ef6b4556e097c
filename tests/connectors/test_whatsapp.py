"""ReadWhatsapp: chats of our own, as applications of many countries write them."""

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.whatsapp.chat import ReadWhatsapp
from affectflow_connectors.whatsapp.stamps import Orders, stamp, time_of_stamp
from tests.given.reading import rows_of, why_dead, write_zip

CHAT = """\
31/12/2023, 09:05 - Messages and calls are end-to-end encrypted.
31/12/2023, 09:06 - Ann Lee: Build is broken \U0001f525
It fails on:

`make all`
31/12/2023, 09:07 - Bob: <Media omitted>
01/01/2024, 00:01 - Bob: Fixed: see above
01/01/2024, 00:01 - Ann Lee added Cy
"""


def order_of(*stamps):
    orders = Orders()
    for each in stamps:
        orders.add(each)
    return orders.order()


def read(tmp_path, text, name="_chat.txt", **options):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return rows_of(ReadWhatsapp, path, **options)


def one(tmp_path, text):
    row, _ = read(tmp_path, f"{text}\n31/12/2023, 23:59 - Zed: end")
    return row


def test_a_chat_becomes_messages_of_days(tmp_path):
    rows = read(tmp_path, CHAT)

    assert [(r["kind"], r["speaker_id"], r["text"]) for r in rows] == [
        ("system", None, ""),
        (
            "message",
            "Ann Lee",
            "Build is broken \U0001f525\nIt fails on:\n\n`make all`",
        ),
        ("message", "Bob", ""),
        ("message", "Bob", "Fixed: see above"),
        ("system", None, ""),
    ]
    assert [str(row["timestamp"])[:16] for row in rows[1:4:2]] == [
        "2023-12-31 09:06",
        "2024-01-01 00:01",
    ]
    assert len({row["conversation_id"] for row in rows}) == 2
    assert len({row["utterance_id"] for row in rows}) == 5
    assert {row["visibility"] for row in rows} == {"direct"}


def test_ids_are_the_same_in_an_archive_with_other_line_ends_and_a_longer_chat(
    tmp_path,
):
    ids = [row["utterance_id"] for row in read(tmp_path, CHAT)]
    archive = write_zip(tmp_path / "c.zip", {"_chat.txt": CHAT.replace("\n", "\r\n")})

    zipped = rows_of(ReadWhatsapp, archive)
    longer = read(tmp_path, CHAT + "02/01/2024, 08:00 - Bob: hi\n", "WhatsApp 2.txt")

    assert [row["utterance_id"] for row in zipped] == ids
    assert [row["utterance_id"] for row in longer][:5] == ids


def test_equal_messages_of_one_minute_are_two(tmp_path):
    rows = read(tmp_path, "31/12/23, 09:05 - A: ok\n31/12/23, 09:05 - A: ok\n")

    assert len({row["utterance_id"] for row in rows}) == 2


def test_a_chat_is_left_out_unless_asked_for(tmp_path):
    assert (
        why_dead(read(tmp_path, CHAT, include_private=False))
        == ["private_left_out"] * 5
    )
    three = "".join(f"31/12/23, 09:05 - {name}: hi\n" for name in "ABC")
    assert {row["visibility"] for row in read(tmp_path, three)} == {"private"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("31/12/2023, 23:59 - A: x", "2023-12-31 23:59:00"),
        ("12/31/23, 11:59 PM - A: x", "2023-12-31 23:59:00"),
        ("12/31/23, 12:05\u202fAM - A: x", "2023-12-31 00:05:00"),
        ("12/31/23, 12:05 PM - A: x", "2023-12-31 12:05:00"),
        ("[31.12.23, 23:59:58] A: x", "2023-12-31 23:59:58"),
        ("\u200e[12/31/23, 11:59:58 PM] A: x", "2023-12-31 23:59:58"),
        ("31.12.23, 23:59 - A: x", "2023-12-31 23:59:00"),
        ("31.12.2023 klo 23.59 - A: x", "2023-12-31 23:59:00"),
        ("31/12/2023 \u00e0 23:59 - A: x", "2023-12-31 23:59:00"),
        ("31/12/23 11:59 p. m. - A: x", "2023-12-31 23:59:00"),
        ("2023-12-31 23:59 - A: x", "2023-12-31 23:59:00"),
        ("2023/12/31 23:59 - A: x", "2023-12-31 23:59:00"),
        (
            "2023\ub144 12\uc6d4 31\uc77c \uc624\ud6c4 11:59, A : x",
            "2023-12-31 23:59:00",
        ),
        ("2023. 12. 31. \uc624\uc804 12:05, A : x", "2023-12-31 00:05:00"),
        (
            "\u200f\u0663\u0661\u200f/\u0661\u0662\u200f/"
            "\u0662\u0660\u0662\u0663\u060c \u0661\u0661:\u0665\u0669 \u0645 - A: x",
            "2023-12-31 23:59:00",
        ),
    ],
)
def test_a_stamp_is_read_in_the_ways_of_many_countries(line, expected):
    found = stamp(line)

    assert found
    when = time_of_stamp(found, order_of(found).letters)
    assert str(when)[:19] == expected
    assert found.rest.replace(" :", ":") == "A: x"


@pytest.mark.parametrize(
    ("dates", "letters", "is_sure"),
    [
        pytest.param(["1/2/24", "13/2/24"], "dmy", True, id="a day above 12"),
        pytest.param(["1/2/24", "1/13/24"], "mdy", True, id="a second above 12"),
        pytest.param(["3/1/24", "1/2/24"], "dmy", True, id="time goes on"),
        pytest.param(["1/3/24", "2/1/24"], "mdy", True, id="time goes on, American"),
        pytest.param(["1.2.24"], "dmy", True, id="points"),
        pytest.param(["1/2/24"], "dmy", False, id="nothing tells"),
    ],
)
def test_the_order_of_a_date_is_learnt_from_the_file(dates, letters, is_sure):
    stamps = [stamp(f"{date}, 10:00 - A: x") for date in dates]

    assert order_of(*stamps) == (letters, is_sure)


def test_an_order_that_was_assumed_is_said(tmp_path):
    (row,) = read(tmp_path, "1/2/24, 10:00 PM - A: x")

    assert dict(row["attrs"]) == {"date_order": "mdy"}
    assert row["timestamp"].month == 1

    (row,) = read(tmp_path, "1/2/24, 10:00 PM - A: x", day_first=True)

    assert (row["attrs"], row["timestamp"].month) == (None, 2)


@pytest.mark.parametrize(
    ("said", "text", "attrs"),
    [
        pytest.param("<Media omitted>", "", {"media": "omitted"}, id="English"),
        pytest.param("<Medien ausgeschlossen>", "", {"media": "omitted"}, id="German"),
        pytest.param("<Multimedia omitido>", "", {"media": "omitted"}, id="Spanish"),
        pytest.param("\u200eimage omitted", "", {"media": "omitted"}, id="iOS"),
        pytest.param(
            "\u200eBild weggelassen", "", {"media": "omitted"}, id="iOS, German"
        ),
        pytest.param(
            "\u200eIMG-1.jpg (file attached)\nlook!",
            "look!",
            {"media": "IMG-1.jpg"},
            id="file with words",
        ),
        pytest.param(
            "\u200e<attached: 1.opus>", "", {"media": "1.opus"}, id="attached"
        ),
        pytest.param(
            "I wrote <Media omitted> in it",
            "I wrote <Media omitted> in it",
            None,
            id="no media",
        ),
        pytest.param(
            "Hi <This message was edited>", "Hi", {"edited": "true"}, id="edit"
        ),
        pytest.param("hi @\u2068Ann Lee\u2069!", "hi [USER]!", None, id="mention"),
        pytest.param("@491701234567 hi", "[USER] hi", None, id="mention of a number"),
        pytest.param(
            "\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd", None, id="rtl"
        ),
        pytest.param("", "", None, id="empty"),
    ],
)
def test_what_a_message_says(tmp_path, said, text, attrs):
    row = one(tmp_path, f"31/12/2023, 10:00 - Bob: {said}")

    assert row["text"] == text
    assert (dict(row["attrs"]) if row["attrs"] else None) == attrs
    assert (row["kind"], row["speaker_id"]) == ("message", "Bob")


@pytest.mark.parametrize(
    "said",
    [
        "This message was deleted",
        "Diese Nachricht wurde gel\u00f6scht.",
        "Mensagem apagada",
    ],
)
def test_a_deleted_message_is_said_to_be(tmp_path, said):
    row = one(tmp_path, f"31/12/2023, 10:00 - Bob: {said}")

    assert (row["text"], row["deleted"]) == ("", True)


@pytest.mark.parametrize(
    "line",
    [
        "31/12/2023, 10:00 - Bob changed the subject to \u201cOps: on call\u201d",
        "31/12/2023, 10:00 - Bob left",
        "[31/12/2023, 10:00:00] Ops: \u200eBob added Cy",
    ],
)
def test_what_whatsapp_says_itself_holds_names_and_is_not_kept(tmp_path, line):
    row = one(tmp_path, line)

    assert (row["kind"], row["text"]) == ("system", "")


def test_lines_before_the_first_date_are_counted(tmp_path):
    rows = read(tmp_path, "once upon\n\na time\n" + CHAT)

    assert why_dead(rows) == ["unknown_shape"]
    assert "2 lines" in rows[0]["errors"][0]["message"]


@pytest.mark.parametrize("text", ["", "\n\n", "no chat", "99/99/99, 99:99 - A: x"])
def test_what_is_no_chat_ends_nothing(tmp_path, text):
    rows = read(tmp_path, text)

    assert not [row for row in rows if row["timestamp"]]


def test_a_chat_is_recognised():
    assert recognised("x.txt", CHAT.encode())[0] is ReadWhatsapp
    assert (
        ReadWhatsapp.recognises("x.log", b"[2023-01-01 10:00:00] <ann> hi: x\n") < 0.3
    )
    assert ReadWhatsapp.recognises("x.txt", b"Dear all,\nhello\n") == 0


def test_a_real_chat_is_read_whole(shared_data):
    path = shared_data / "raw_chat_misc" / "whatsapp_export.txt"

    rows = rows_of(ReadWhatsapp, path)

    assert [row["text"] for row in rows] == [
        "Hi", "Whats up?", "All good", "", "This message should be reordered"
    ]  # fmt: skip


def test_a_clock_of_twelve_hours_without_its_half_goes_on_after_noon(tmp_path):
    stamps = ("30/12/2023, 9:05", "31/12/2023, 12:59", "31/12/2023, 1:00")
    rows = read(tmp_path, "".join(f"{each} - Ann: x\n" for each in stamps))

    clocks = [f"{row['timestamp']:%d %H:%M}" for row in rows]
    assert clocks == ["30 09:05", "31 12:59", "31 13:00"]
