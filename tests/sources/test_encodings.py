import pytest

from affectflow.sources.encodings import (
    UnknownEncodingError,
    encoding_of,
    in_utf8,
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Café, don’t, €5", id="a few accents"),
        pytest.param("naïve", id="one accent"),
        pytest.param("größer, ÄÖÜ, weiß „so“", id="German"),
        pytest.param("Ça a été créée à l’œuvre, 20 °C, « oui »", id="French"),
        pytest.param("¿Qué? ¡No! El año", id="Spanish"),
        pytest.param("não põe às avós ações", id="Portuguese"),
        pytest.param("blåbærgrød på öga, hyvää", id="Nordic"),
        pytest.param("það er ýmislegt þó í", id="Icelandic"),
        pytest.param("CAFÉ “quote” — yes… • 3×4 ©", id="capitals and signs"),
    ],
)
def test_western_text_is_told(text):
    assert encoding_of([text.encode("cp1252")], "a") == "cp1252"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("to nie działa, błąd", "cp1250", id="Polish"),
        pytest.param("příliš žluťoučký kůň", "cp1250", id="Czech"),
        pytest.param("не работает", "cp1251", id="Russian"),
        pytest.param("не работает", "koi8-r", id="Russian of Unix"),
        pytest.param("çalışmıyor güzel değil", "cp1254", id="Turkish"),
        pytest.param("δεν δουλεύει", "cp1253", id="Greek"),
        pytest.param("לא עובד טוב", "cp1255", id="Hebrew"),
        pytest.param("動きません", "cp932", id="Japanese"),
        pytest.param("这个很好用", "gbk", id="Chinese"),
        pytest.param("안녕하세요 좋아요", "cp949", id="Korean"),
        pytest.param("don’t go to the café", "mac_roman", id="old Macs"),
        pytest.param("naïve größer", "cp437", id="DOS"),
    ],
)
def test_other_encodings_are_refused_whole(text, encoding):
    with pytest.raises(UnknownEncodingError, match="iconv -f"):
        encoding_of([text.encode(encoding)], "a")


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([b"abc"], "abc", id="ASCII"),
        pytest.param([b"a", b"\xc3", b"\xa9"], "aé", id="UTF-8 cut in two"),
        pytest.param([b"a", b"caf\xe9"], "acafé", id="Windows-1252 at the end"),
        pytest.param([b"a", b"caf\xe9", b" \x80"], "acafé €", id="Windows-1252"),
    ],
)
def test_bytes_become_utf8(chunks, expected):
    assert b"".join(in_utf8(lambda: iter(chunks), "a")).decode() == expected


def test_damaged_utf8_stays_as_it_is_however_late_it_shows():
    chunks = [b"caf\xe9 ", "naïve größer".encode()]

    assert b"".join(in_utf8(lambda: iter(chunks), "a")) == b"".join(chunks)
