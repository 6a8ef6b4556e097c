"""ReadGit: logs, streams, patches, JSON and repositories give the same commits."""

import json
import shutil
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import MissingExtraError, UsageError
from affectflow.kinds.source import recognised
from affectflow.sources.recognition import recognise
from affectflow_connectors.git import repository
from affectflow_connectors.git.source import ReadGit
from affectflow_connectors.git.words import words_of
from tests.given.commits import (
    AUTHOR,
    FIRST,
    FULLER,
    MESSAGE,
    PERCEVAL,
    SECOND,
    indented,
)
from tests.given.proving import in_proof
from tests.given.reading import error_types, ids, rows_of, rows_of_ranges, written

MEDIUM = f"""commit {SECOND} (HEAD -> main)
Merge: aaaaaaa ccccccc
Author: dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>
Date:   Tue May 7 10:00:00 2024 +0000

    Merge pull request #12 from bob/hinge

commit {FIRST}
Author: {AUTHOR}
Date:   Wed May 1 10:00:00 2024 +0200

{indented(MESSAGE)}
"""
RAW = f"""commit {FIRST}
tree {"c" * 40}
author {AUTHOR} 1714550400 +0200
committer GitHub <noreply@github.com> 1714644000 +0000

{indented(MESSAGE)}

diff --git a/door.c b/door.c
--- a/door.c
+++ b/door.c
@@ -1 +1,3 @@
-    creak();
+commit {SECOND}
+    oil();
"""
DRAWN = f"""*   commit {SECOND}
|\\  Merge: aaaaaaa ccccccc
| | Author: bob <b@x.example>
| | Date:   Tue May 7 10:00:00 2024 +0000
| |
| |     Merge branch 'hinge'
| |
* | commit {FIRST}
|/  Author: {AUTHOR}
|   Date:   Wed May 1 10:00:00 2024 +0200
|
{indented(MESSAGE, "|       ").replace(chr(10) * 2, chr(10) + "|" + chr(10))}
"""
LATIN = "Größe".encode("latin-1")
STREAM = b"".join(
    [
        b"feature done\nblob\nmark :1\ndata 15\ncommit refs/x\nb\n\n",
        b"reset refs/heads/main\ncommit refs/heads/main\nmark :2\noriginal-oid ",
        FIRST.encode(),
        f"\nauthor {AUTHOR} 1714550400 +0200\n".encode(),
        b"committer GitHub <noreply@github.com> 1714644000 +0000\n",
        b"gpgsig sha1 openpgp\ndata 4\nabc\n",
        f"data {len(MESSAGE.encode())}\n{MESSAGE}\n".encode(),
        b"M 100644 :1 door.c\n\ncommit refs/heads/main\n",
        b"author bob <b@x.example> 1714550400 +0000\nencoding ISO-8859-1\n",
        b"data 5\n" + LATIN + b"\nfrom :2\n",
    ]
)
PATCH = f"""From {FIRST} Mon Sep 17 00:00:00 2001
From: Bob <b@x.example>
Date: Wed, 1 May 2024 10:00:00 +0200
Subject: [PATCH v2 1/2] Oil the
 hinge
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

From: {AUTHOR}

{MESSAGE.partition(chr(10) * 2)[2]}
---
 door.c | 4 +++-
 1 file changed, 3 insertions(+), 1 deletion(-)

diff --git a/door.c b/door.c
--\x20
2.40.0

"""
GITHUB = {
    "sha": FIRST,
    "commit": {
        "author": {
            "name": "Ann Lee",
            "email": "ann@x.example",
            "date": "2024-05-01T10:00:00+02:00",
        },
        "committer": {"date": "2024-05-02T10:00:00Z"},
        "message": MESSAGE,
        "tree": {"sha": "c" * 40},
    },
    "html_url": f"https://github.com/door/hinge/commit/{FIRST}",
    "comments_url": "",
    "author": {"login": "ann"},
    "parents": [{"sha": "c" * 40}],
}
GITLAB = {
    "id": FIRST,
    "short_id": FIRST[:8],
    "parent_ids": ["c" * 40],
    "title": "Oil the hinge",
    "message": MESSAGE,
    "author_name": "Ann Lee",
    "author_email": "ann@x.example",
    "authored_date": "2024-05-01T10:00:00+02:00",
    "web_url": f"https://gitlab.example/door/hinge/-/commit/{FIRST}",
}
SHAPES = {
    "medium.txt": MEDIUM,
    "fuller.log": FULLER,
    "raw.log": RAW,
    "drawn.txt": DRAWN,
    "windows.txt": FULLER.replace("\n", "\r\n").encode("utf-16"),
    "colour.txt": MEDIUM.replace("commit", "\x1b[33mcommit", 1),
    "stream": STREAM,
    "0001.patch": PATCH,
    "perceval.json": [PERCEVAL],
    "github.json": [GITHUB],
    "gitlab.ndjson": [GITLAB],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_commit(tmp_path, name):
    path = written(tmp_path, SHAPES[name], name)

    (row,) = [r for r in rows_of(ReadGit, path) if r["utterance_id"] == f"git:{FIRST}"]

    assert row["text"] == (
        "Oil the hinge\n\nI am sick of this noise. مرحبا 😂\n    indented"
    )
    assert row["title"] == "Oil the hinge"
    assert row["conversation_id"] == row["utterance_id"]
    assert (row["speaker_id"], row["is_bot"]) == ("ann@x.example", False)
    assert str(row["timestamp"]) == "2024-05-01 08:00:00+00:00"
    assert row["utc_offset_min"] == 120
    assert (row["kind"], row["reply_to"]) == ("commit", None)
    assert dict(row["attrs"])["trailer.signed-off-by"] == "1"
    assert "Bob" not in str(row)
    assert recognised(name, path.read_bytes())[0] is ReadGit


def test_merges_and_bots_are_marked_and_what_git_writes_is_a_quote(tmp_path):
    row, _ = rows_of(ReadGit, written(tmp_path, MEDIUM, "a.txt"))

    assert (row["kind"], row["is_bot"], row["title"]) == ("merge", True, None)
    assert row["text"] == "> Merge pull request #12 from [USER]/hinge"
    assert dict(row["attrs"])["parents"] == "2"


@pytest.mark.parametrize("name", ["fuller.log", "perceval.json"])
def test_lists_of_files_are_counted(tmp_path, name):
    (row,) = rows_of(ReadGit, written(tmp_path, SHAPES[name], name))

    attrs = dict(row["attrs"])
    files = "2" if name == "fuller.log" else "1"
    assert (attrs["files"], attrs["added"], attrs["removed"]) == (files, "3", "1")
    assert attrs["committed_at"] == "2024-05-02T10:00:00+00:00"


def test_a_stream_without_ids_is_refused_with_the_cure(tmp_path):
    rows = rows_of(ReadGit, written(tmp_path, STREAM, "stream"))

    assert error_types(rows) == ["", "no_id"]
    assert "--show-original-ids" in rows[1]["errors"][0]["message"]


def test_a_message_in_another_encoding_is_decoded(tmp_path):
    named = STREAM.replace(b"author bob", b"original-oid 1234567\nauthor bob")

    rows = rows_of(ReadGit, written(tmp_path, named, "stream"))

    assert rows[1]["text"] == "Größe"


@pytest.mark.parametrize(
    ("message", "text", "attrs"),
    [
        pytest.param("Fix it", "Fix it", {}, id="subject"),
        pytest.param(
            'Revert "I hate this"\n\nThis reverts commit 0123456, reversing\n'
            "changes made to 89abcde.\n\nIt broke the door.",
            '> Revert "I hate this"\n\n> This reverts commit 0123456, reversing\n'
            "> changes made to 89abcde.\n\nIt broke the door.",
            {},
            id="revert",
        ),
        pytest.param(
            "Fix it\n\n(cherry picked from commit 0123456789)",
            "Fix it\n\n> (cherry picked from commit 0123456789)",
            {},
            id="cherry-pick",
        ),
        pytest.param(
            "Fix it\n\nFixes: #12\nChange-Id: I0a\n\nReviewed-by: B <b@x.example>",
            "Fix it",
            {"fixes": "#12", "change-id": "I0a", "reviewed-by": "1"},
            id="trailers in two paragraphs",
        ),
        pytest.param(
            "Fix it\n\nReported-by: B <b@x.example>\nSeen-in: spring\n"
            "Signed-off-by: C <c@x.example>",
            "Fix it",
            {"seen-in": "spring", "reported-by": "1", "signed-off-by": "1"},
            id="an unknown trailer among known ones",
        ),
        pytest.param(
            "Fix it (#7)\n\n* Try\n\n---------\n\n"
            "Co-authored-by: B <b@x.example>\nCo-authored-by: C <c@x.example>",
            "Fix it (#7)\n\n* Try",
            {"co-authored-by": "2"},
            id="squashed",
        ),
        pytest.param(
            "Fix it\n\nNote: this is awful\nReally: it is",
            "Fix it\n\nNote: this is awful\nReally: it is",
            {},
            id="what only looks like trailers is text",
        ),
        pytest.param("Fixes: the door", "Fixes: the door", {}, id="subject first"),
    ],
)  # fmt: skip
def test_only_what_the_author_wrote_is_the_text(message, text, attrs):
    found = words_of(message)

    assert found.text == text
    assert found.attrs == {f"trailer.{name}": value for name, value in attrs.items()}


def test_conflicts_of_a_merge_are_an_attribute():
    found = words_of("Merge branch 'x'\n\n# Conflicts:\n#\ta.c\n#\tb.c\n")

    assert (found.text, found.merge) == ("> Merge branch 'x'", True)
    assert found.attrs == {"conflicts": "a.c, b.c"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("commit 1234567\nAuthor: a <a@x>\n\n", ["no_text"]),
        ([{"sha": "1234567", "commit": {"message": "x"}}, 3, {"a": 1}],
         ["", "unknown_shape", "unknown_shape"]),
        (STREAM[:300], ["truncated_file"]),
        ("just words\n", ["damaged_file"]),
    ],
)  # fmt: skip
def test_what_is_no_commit_is_refused(tmp_path, said, expected):
    assert error_types(rows_of(ReadGit, written(tmp_path, said, "a"))) == expected


@pytest.mark.parametrize("name", ["medium.txt", "raw.log", "drawn.txt", "0001.patch"])
def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path, name):
    path = written(tmp_path, SHAPES[name] + "\n" + SHAPES[name], name)
    cuts = list(range(0, path.stat().st_size, 53))

    assert rows_of_ranges(ReadGit, path, cuts) == rows_of(ReadGit, path)


@pytest.mark.parametrize("cut", range(3, len(FULLER), 71))
def test_a_log_that_is_cut_off_ends_nothing(tmp_path, cut):
    rows = rows_of(ReadGit, written(tmp_path, FULLER[:cut], "a.txt"))

    assert len(rows) <= 1


@pytest.mark.parametrize(
    "head",
    [b"commit to it\nAuthor: x\n", b"From ann Wed May 1 10:00:00 2024\n",
     b"id,text\n1,commit 1234567\n", json.dumps({"sha": "x", "commit": 1}).encode()],
)  # fmt: skip
def test_other_files_are_not_taken_for_git(head):
    assert ReadGit.recognises("a.txt", head) == 0


# -- repositories -------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository of two commits, one on a branch of its own, and a tag."""
    pytest.importorskip("dulwich", reason="pip install 'affectflow[git]'")
    from dulwich.objects import Commit, Tree
    from dulwich.repo import Repo

    folder = tmp_path_factory.mktemp("git") / "door"
    repo = Repo.init(str(folder), mkdir=True)
    tree = Tree()
    repo.object_store.add_object(tree)
    parents = []
    for message, branch in ((MESSAGE.encode(), b"main"), (LATIN, b"side")):
        commit = Commit()
        commit.tree, commit.parents = tree.id, parents
        commit.author = commit.committer = AUTHOR.encode()
        commit.author_time = commit.commit_time = 1714550400 + len(parents)
        commit.author_timezone = commit.commit_timezone = 7200
        commit.encoding = b"ISO-8859-1" if message is LATIN else None
        commit.message = message
        repo.object_store.add_object(commit)
        repo.refs[b"refs/heads/" + branch] = commit.id
        parents = [commit.id]
    (folder / "README.md").write_text("# The door\n")
    repo.close()
    return folder


@pytest.mark.parametrize("place", ["", ".git"])
def test_a_repository_is_read_as_it_lies(made, place):
    first, second = rows_of(ReadGit, made / place)[::-1]

    assert (first["text"], first["container"]) == (words_of(MESSAGE).text, "door")
    assert str(first["timestamp"]) == "2024-05-01 08:00:00+00:00"
    assert first["utc_offset_min"] == 120
    assert second["text"] == "Größe"


def test_a_repository_is_recognised_as_a_whole(made):
    found = recognise([str(made)])

    assert (found.source, found.files) == (ReadGit, 1)


def test_a_damaged_repository_gives_what_can_be_read(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    first = rows_of(ReadGit, made)[-1]["utterance_id"].removeprefix("git:")
    (copy / ".git" / "objects" / first[:2] / first[2:]).unlink()

    rows = rows_of(ReadGit, copy)

    assert error_types(rows)[-1] == "damaged_file"
    assert len(ids(rows)) <= 1


def test_without_dulwich_a_repository_is_one_line(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "dulwich", None)

    with pytest.raises(MissingExtraError, match=r"affectflow\[git\]"):
        ReadGit(paths=str(made)).check()
    assert issubclass(MissingExtraError, UsageError)


def test_an_ordinary_folder_is_no_repository(tmp_path):
    assert not repository.is_repository(str(tmp_path))
    assert not repository.is_repository("s3://bucket/x")


LINES = sorted(
    {*MEDIUM.splitlines(), *FULLER.splitlines(), *RAW.splitlines(), "\x00", "    "}
)


@settings(max_examples=in_proof(1000, otherwise=60), deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=30), st.booleans())
def test_lines_in_any_order_are_read_or_refused(tmp_path_factory, lines, started):
    text = (FULLER if started else "") + "\n".join(lines)
    path = written(tmp_path_factory.mktemp("odd"), text, "a.txt")

    for row in rows_of(ReadGit, path):
        assert row["errors"] or (row["utterance_id"] and row["text"] is not None)
