"""Which encoding bytes are likely in, and a sample by which a reader can tell."""

import codecs

import numpy as np
import pytest

from affectflow.encoding_guesses import guesses, in_words

RUSSIAN = "сборка не работает, помогите пожалуйста"
JAPANESE = "このアプリは最高です！毎日使っています"
SIMPLIFIED = "客服态度很差，等了三天没有回复"
TRADITIONAL = "客服態度很差，等了三天沒有回覆"
KOREAN = "배송이 너무 늦어요. 다시는 안 삽니다"
POLISH = "to nie działa, błąd przy zapisie"
CZECH = "příliš žluťoučký kůň úpěl ďábelské ódy"
FRENCH = "Ça a été créée, c’est déjà ça"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "KOI8-R"),
        (RUSSIAN, "CP1251"),
        (RUSSIAN, "CP866"),
        (JAPANESE, "CP932"),
        (JAPANESE, "EUC-JP"),
        (SIMPLIFIED, "GB18030"),
        (TRADITIONAL, "BIG5"),
        (KOREAN, "EUC-KR"),
        (POLISH, "CP1250"),
        (POLISH, "ISO8859-2"),
        (CZECH, "ISO8859-2"),
        (FRENCH, "CP1252"),
        (FRENCH, "MACINTOSH"),
        ("naïve größer, für alle schön", "CP850"),
        ("δεν δουλεύει, τι να κάνω", "CP1253"),
        ("לא עובד טוב", "CP862"),
        ("لا يعمل هذا التطبيق", "CP1256"),
        ("çalışmıyor güzel değil", "CP1254"),
    ],
)
def test_the_likeliest_reading_is_the_text(text, encoding):
    best = guesses(text.encode(encoding))[0]

    assert best.shown in text
    assert text.encode(encoding).decode(best.encoding) == text


def test_readings_that_are_as_likely_are_shown_side_by_side():
    # Only the first letter tells Windows from old Macs, and it is the same length.
    found = guesses("Спасибо".encode("cp1251"))

    assert str(found[0]) == "CP1251, as 'Спасибо'"
    assert len({each.shown for each in found}) == len(found)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("НЕ РАБОТАЕТ", "KOI8-R"),
        ("НЕ РАБОТАЕТ", "CP1251"),
        ("НЕТ", "KOI8-R"),
        ("ΔΕΝ ΔΟΥΛΕΥΕΙ", "CP1253"),
    ],
)
def test_of_a_text_too_short_to_tell_all_plausible_encodings_are_named(text, encoding):
    sample = text.encode(encoding)

    said = in_words(guesses(sample), sample)

    assert f"{encoding}, as {text!r}" in said
    assert said.endswith("(the text is too short to tell)")


def test_noise_is_no_text():
    random = np.random.default_rng(0)

    assert guesses(random.integers(128, 256, 400, np.uint8).tobytes()) == []


def test_every_encoding_named_is_one_that_python_has():
    for text in (RUSSIAN, JAPANESE, KOREAN, POLISH):
        for guess in guesses(text.encode("utf-16-le") + b"\xff"):
            codecs.lookup(guess.encoding)
