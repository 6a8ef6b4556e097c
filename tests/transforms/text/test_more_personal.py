"""Telephone numbers in the words of other languages; contractions of dumps."""

import pyarrow as pa
import pytest

from affectflow_transforms.text.entities import unescape
from affectflow_transforms.text.normalize import normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ruf mich an unter 0171 2345678", "Ruf mich an unter [PHONE]"),
        ("Meine Nummer: 0171/2345678", "Meine Nummer: [PHONE]"),
        ("Tél. 01 23 45 67 89", "Tél. [PHONE]"),
        ("Appelez-moi au 06.12.34.56.78", "Appelez-moi au [PHONE]"),
        ("Teléfono: 91 123 45 67", "Teléfono: [PHONE]"),
        ("llámame al 612 345 678", "llámame al [PHONE]"),
        ("телефон: 8 (495) 123-45-67", "телефон: [PHONE]"),
        ("тел. 8 800 555 35 35", "тел. [PHONE]"),
        ("電話: 03-1234-5678", "電話: [PHONE]"),
        ("whatsapp me on 07700 900123", "whatsapp me on [PHONE]"),
        ("mot de passe : azerty123", "mot de passe : [SECRET]"),
        ("contraseña: Perro2023", "contraseña: [SECRET]"),
        ("пароль: Qwerty123", "пароль: [SECRET]"),
        ("Mijn gsm: 0471 23 45 67", "Mijn gsm: [PHONE]"),
        *(
            (kept, kept)
            for kept in (
                "die Nummer 12345678 des Tickets",
                "au 31.12.2023, il y aura",
                "error number: 123456789",
                "el 2023 12 31 a las 10",
                "mot de passe : oublié",
                "la contraseña: no funciona",
                "отель 12345678",
                "call 8 of 12345678 failed",
            )
        ),
    ],
)
def test_numbers_are_told_by_words_of_several_languages(text, expected):
    assert normalize(pa.array([text]))[0].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(r"I don\'t know, it\'s fine", "I don't know, it's fine", id="SQL"),
        pytest.param(r"we can\u2019t, I\u2019m out", "we can’t, I’m out", id="JSON"),
        pytest.param(r"use \' in JS, C:\temp", r"use \' in JS, C:\temp", id="about it"),
        pytest.param(r"write `it\'s`", r"write `it\'s`", id="code"),
        pytest.param(r"it\'s &gt; 3", "it's > 3", id="both"),
    ],
)
def test_a_contraction_loses_the_backslash_of_a_dump(text, expected):
    assert unescape(text) == expected
