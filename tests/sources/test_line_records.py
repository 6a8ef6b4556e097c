"""Mailboxes and chats larger than memory: cut anywhere, and read as streams."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.source import Split
from affectflow_connectors.mail.sources import ReadMbox
from affectflow_connectors.whatsapp.chat import ReadWhatsapp
from tests.given.proving import in_proof, rotated
from tests.given.reading import rows_of, written

MAIL = (
    "From ann@example.org Mon Jun 01 04:28:28 2009\nFrom: ann@example.org\n"
    "Message-ID: <{n}@example.org>\nDate: Mon, 01 Jun 2009 09:56:31 +0530\n\n"
    "Hello,\nFrom here on it is worse, at 10:30 in 2009.\n\n"
)
CHAT = (
    "31/12/23, 09:05 - Ann: ok\n31/12/23, 09:05 - Ann: ok\nand\n\n31 more\n"
    "01/01/24, 09:05 - Bob: مرحبا 😂\n31/12/23, 09:05 - Ann: ok\n"
)
FILES = {
    "mbox": (
        ReadMbox,
        "a.mbox",
        "before\n" + "".join(MAIL.format(n=n) for n in range(4)),
    ),
    "mbox, blank lines with spaces": (
        *(ReadMbox, "a.mbox"),
        f"{MAIL.format(n=1)}{' ' * 90}\n{MAIL.format(n=2)}{' ' * 200}\n{MAIL}",
    ),
    "mbox of another system": (
        *(ReadMbox, "a.mbox"),
        "".join(MAIL.format(n=n) for n in range(3)).replace("\n", "\r\n"),
    ),
    "whatsapp": (ReadWhatsapp, "_chat.txt", "a stray\n" + CHAT * 3),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    found = {}
    for number, (name, (source, file, text)) in enumerate(FILES.items()):
        path = written(folder, text.encode(), f"{number}{file}")
        found[name] = source, path, rows_of(source, path)
    return found


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 1000), min_size=1, max_size=4, unique=True))
def test_any_cut_gives_the_same_rows(whole, name, cuts):
    source, path, expected = whole[name]
    size = path.stat().st_size
    bounds = sorted({0, size, *(cut for cut in cuts if cut < size)})
    reader = source(paths=str(path), include_private=True)

    rows = [
        row
        for start, end in pairwise(bounds)
        for batch in reader.read(Split(str(path), start, end, size))
        for row in batch.to_pylist()
    ]

    assert rows == expected


def test_equal_messages_are_told_apart(whole):
    _, _, rows = whole["whatsapp"]
    messages = [row for row in rows if not row["errors"]]

    assert len({row["utterance_id"] for row in messages}) == len(messages) == 12


READ = """
import resource, sys
from pathlib import Path
from affectflow import registry

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def read(path):
    source = registry.make("connectors", sys.argv[1], {"paths": path})
    splits = source.splits(path)
    return sum(batch.num_rows for split in splits for batch in source.read(split))

path, one, times = Path(sys.argv[2]), sys.argv[3].encode(), int(sys.argv[4])
path.write_bytes(one * ((8 << 20) // len(one)))  # one piece: all is loaded
read(str(path))
before = peak()
with path.open("wb") as file:
    for n in range(times):
        file.write(one.replace(b"%DAY", b"%02d" % (n * 28 // times + 1)) * 100)
rows = read(str(path))
print(path.stat().st_size >> 20, rows, peak() - before)
"""
WORDS = "it fails again and again, 99 times " * 100
LARGE = {
    "ReadMbox": ("a.mbox", MAIL.format(n="%DAY") + f"{WORDS}\n" * 5 + "\n"),
    "ReadWhatsapp": ("_chat.txt", f"%DAY/01/24, 09:05 - Ann: {WORDS}\n"),
    "ReadIrc": ("a.log", f"[2024-01-%DAY 09:05:01] <ann> {WORDS}\n"),
}


@pytest.mark.parametrize("name", rotated(list(LARGE)))
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    file, one = LARGE[name]
    size = in_proof(100 << 20, 24 << 20)
    times = size // (100 * len(one)) + 2

    done = subprocess.run(
        [sys.executable, "-c", READ, name, str(tmp_path / file), one, str(times)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    megabytes, rows, grown = map(int, done.stdout.split())
    assert megabytes >= size >> 20
    assert rows == 100 * times
    assert grown < 40, f"{grown} MB more for a file of {megabytes} MB"
