import pyarrow as pa
import pytest

from affectflow_transforms.text.normalize import NormalizeText, normalize
from tests.given import personal


def masked(text: str, *, chat: bool = False) -> str:
    clean, _ = normalize(pa.array([text]), chats=pa.array([chat]))
    return clean[0].as_py()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("151.101.1.69:443 fails", "[IP]:443 fails"),
        (f"token: {'0123456789abcdef' * 2}", "token: [SECRET]"),
        ("202.555.0143", "[PHONE]"),
        ("call 030-1234567", "call [PHONE]"),
        ("@jane@mastodon.social hi", "[USER] hi"),
        (
            "see postgres://u:p@h.example.io/x now",
            "see postgres://u:[SECRET]@h.example.io/x now",
        ),
        ("range 100-200-3000", "range 100-200-3000"),
        ("dns 1.1.1.1 and 8.8.4.4", "dns [IP] and [IP]"),
        ("cc @jane/@bob", "cc [USER]/[USER]"),
        ("mysql -u root -phunter2", "mysql -u root -p[SECRET]"),
        ("firefox 115.0.2.1", "firefox 115.0.2.1"),
    ],
)
def test_personal_data_is_replaced_and_what_looks_like_it_stays(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "docker-compose: up hangs",
        "HashMap, TreeMap and LinkedHashMap are slow",
        "max_size, min_size are both wrong",
        "vfio_pci: crash on unplug",
        "mike42: no chat, so this may be a name from code",
    ],
)
def test_outside_chats_a_message_never_begins_with_an_account(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    ("row", "is_chat"),
    [
        pytest.param({"kind": "chat"}, True, id="the kind of a chat"),
        pytest.param({"source": "csv", "kind": "message"}, False, id="any file"),
        pytest.param({"kind": "issue"}, False, id="an issue"),
        pytest.param({"source": "irc"}, True, id="a source that is a chat"),
        pytest.param({"source": "mbox", "kind": "message"}, False, id="a mail"),
        pytest.param({"container": "#ubuntu"}, True, id="a channel"),
        pytest.param({"container": None, "kind": None}, False, id="nothing is known"),
        pytest.param({}, False, id="no such column"),
    ],
)
def test_source_kind_and_container_tell_a_chat(row, is_chat):
    columns = {name: pa.array([value], pa.string()) for name, value in row.items()}
    batch = pa.record_batch({"text": pa.array(["mike42: no"]), **columns})

    text = NormalizeText().apply(batch)["text"][0].as_py()

    assert text == ("[USER]: no" if is_chat else "mike42: no")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            f"Authorization: Bearer {'eyJhbGciOi' * 2}.eyJzdWIiOiIx.c2lnbmF0dXJl",
            "Authorization: Bearer [SECRET]",
            id="a header and a token",
        ),
        pytest.param(
            "https://jane@example.org:pw1@h.example/",
            "https://jane@example.org:[SECRET]@h.example/",
            id="an address as user",
        ),
        pytest.param("password=a1@example.org", "password=[SECRET]", id="a password"),
        pytest.param("[EMAIL]@ann [IP]:80", "[EMAIL]@ann [IP]:80", id="placeholders"),
    ],
)
def test_masks_never_cut_into_each_other(text, expected):
    assert masked(text) == expected


def test_the_texts_are_many_and_half_of_them_are_traps():
    texts = personal.items()

    assert len(texts) >= 300
    assert sum(each.is_trap for each in texts) * 2 >= len(texts)


@pytest.mark.parametrize("held_out", [False, True], ids=["tuned", "held out"])
def test_recall_and_precision_stay(held_out):
    found = personal.figures(
        each for each in personal.items() if each.is_held_out == held_out
    )

    assert found.recall >= 0.98
    assert found.precision >= 0.98


@pytest.mark.timeout(60)  # a pattern that grows with the square would take minutes
@pytest.mark.parametrize(
    "unit",
    ["1", "1.", "4111 ", "2a00:", "a@", "a.", "+1 2", "token=", "eyJ", "password: "],
)
def test_many_beginnings_without_an_end_does_not_hang(unit):
    text = unit * (200_000 // len(unit))

    assert len(normalize(pa.array([text]))[0]) == 1
