"""One commit, as the text of a log and as Perceval gives it."""

FIRST, SECOND = "a" * 39 + "1", "b" * 39 + "2"
MESSAGE = """Oil the hinge

I am sick of this noise. مرحبا 😂
    indented

Signed-off-by: Ann Lee <ann@x.example>"""
AUTHOR = "Ann Lee <Ann@x.example>"


def indented(text, by="    "):
    return "\n".join(f"{by}{line}" if line else "" for line in text.split("\n"))


FULLER = f"""commit {FIRST}
Author:     {AUTHOR}
AuthorDate: Wed May 1 10:00:00 2024 +0200
Commit:     GitHub <noreply@github.com>
CommitDate: Thu May 2 10:00:00 2024 +0000

{indented(MESSAGE)}

Notes (review):
    Bob says no.

3\t1\tdoor.c
-\t-\tdoor.png
"""
PERCEVAL = {
    "commit": FIRST,
    "parents": ["c" * 40],
    "refs": [],
    "Author": AUTHOR,
    "AuthorDate": "Wed May 1 10:00:00 2024 +0200",
    "Commit": "GitHub <noreply@github.com>",
    "CommitDate": "Thu May 2 10:00:00 2024 +0000",
    "message": MESSAGE,
    "files": [{"file": "door.c", "added": "3", "removed": "1"}],
}
