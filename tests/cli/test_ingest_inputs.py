"""What `affectflow ingest` takes: standard input, lists inside objects, any source."""

import io
import json
import shlex
import sys
import zipfile

import pytest

from affectflow.cli.sources import left_out, made_with, plugin_for
from affectflow.lake import open_lake
from tests.given import discord_exports as discord
from tests.given.command_line import affectflow

MESSAGES = [{"id": n, "body": f"this is number {n}"} for n in range(3)]
MAP = "--map=text=body,utterance_id=id"
DISCORD = json.dumps(discord.export(discord.said(discord.FIRST)))
DAY = '[{"type": "message", "text": "hi", "user": "U02AB3CDE", "ts": "17000%05d.0002"}]'
TABLE = "utterance_id,text\n%d,good\n"


class Piped(io.TextIOWrapper):
    """Standard input that is not a terminal."""


def pipe(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", Piped(io.BytesIO(data)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            "".join(json.dumps(each) + "\n" for each in MESSAGES).encode(), id="lines"
        ),
        pytest.param(
            b"id,body\n" + b"".join(b"%d,this is it\n" % n for n in range(3)),
            id="table",
        ),
    ],
)
@pytest.mark.rotated
def test_a_minus_is_standard_input(tmp_path, monkeypatch, data):
    pipe(monkeypatch, data)

    done = affectflow("ingest", "-", "--to", tmp_path / "lake", MAP)

    assert done.code == 0, done.err
    assert "auto: 1 file looks like" in done.err
    with open_lake(str(tmp_path / "lake")) as lake:
        (origins,) = lake.sql("SELECT list(origin) FROM utterances").fetchall()
    assert len(origins[0]) == 3
    assert all("/stdin-" in origin for origin in origins[0])


@pytest.mark.parametrize(
    ("paths", "data", "words"),
    [
        pytest.param(["-"], b"", "standard input is empty", id="nothing"),
        pytest.param(["-", "-"], b"x", "give `-` once", id="twice"),
    ],
)
def test_standard_input_that_gives_nothing_is_one_line(
    tmp_path, monkeypatch, paths, data, words
):
    pipe(monkeypatch, data)

    done = affectflow("ingest", *paths, "--to", tmp_path / "lake")

    assert done.code == 2
    assert words in done.last_line
    assert not (tmp_path / "lake").exists()


def test_a_list_inside_an_object_is_read_as_the_error_says(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"name": "x", "messages": MESSAGES}))
    line = ["ingest", path, "--to", tmp_path / "lake", MAP]

    refused = affectflow(*line)

    assert refused.code == 2
    assert refused.last_line.endswith("type --source jsonl --records messages")
    assert not (tmp_path / "lake").exists()
    done = affectflow(*line, "--source", "jsonl", "--records", "messages")
    assert done.code == 0, done.err
    assert "3 in, 3 out" in done.err


def test_records_of_a_source_that_knows_better_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,a\n")

    done = affectflow(
        *("ingest", path, "--to", tmp_path / "lake"),
        *("--source", "csv", "--records", "messages"),
    )

    assert done.code == 2
    assert "takes no --records" in done.last_line


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("auto", "cannot tell what 'zip://b.txt::", id="auto"),
        pytest.param("jsonl", ".json file in archive", id="jsonl"),
        pytest.param("csv", ".tsv file in archive", id="csv"),
    ],
)
def test_a_zip_of_other_things_makes_no_lake(tmp_path, source, words):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.txt", "hello\n" * 99)

    done = affectflow("ingest", path, "--to", tmp_path / "lake", "--source", source)

    assert done.code == 2
    assert words in done.last_line
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            {"a.csv": "id,body\n1,one\n2,two\n", "b.csv": "id,body\n1,six\n2,ten\n"},
            "2 rows refused because another file has the same id with another text: "
            "ids repeat across files; ingest each file separately, with its own name: "
            "--map \"source='NAME'\"",
            id="two files",
        ),
        pytest.param(
            {"a.csv": "id,body\n1,one\n1,two\n"},
            "1 row refused because another row of the input has the same id: does "
            "--map utterance_id name the right column?",
            id="one file",
        ),
    ],
)
def test_ids_that_repeat_are_explained(tmp_path, files, words):
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    done = affectflow(
        *("ingest", *(tmp_path / name for name in files)),
        *("--to", tmp_path / "lake", MAP, "--budget", "1"),
    )

    assert words in done.err


def test_what_is_wrong_with_standard_input_is_said_of_standard_input(
    tmp_path, monkeypatch
):
    pipe(monkeypatch, b'{"a": 1}\n')

    done = affectflow("ingest", "-", "--to", tmp_path / "lake")

    assert done.code == 2
    assert "auto: 1 file looks like jsonl" in done.err
    assert "no field of standard input gives utterance_id" in done.last_line
    assert "stdin-" not in done.err


def test_lists_that_tell_of_messages_are_not_left_out(tmp_path):
    folder = tmp_path / "export"
    (folder / "ops").mkdir(parents=True)
    (folder / "channels.json").write_text('[{"id": "C0123ABCD", "name": "ops"}]')
    (folder / "users.json").write_text('[{"id": "U02AB3CDE", "name": "kim"}]')
    (folder / "integration_logs.json").write_text("[]")
    (folder / "ops" / "2023-11-14.json").write_text(
        json.dumps(
            [{"type": "message", "text": "hi", "user": "U0", "ts": "1700000001.0002"}]
        )
    )
    source = made_with(plugin_for([str(folder)], "slack"), [str(folder)])

    assert left_out(source, [str(folder)]) == ["integration_logs.json"]


@pytest.mark.parametrize(
    ("files", "paths", "count"),
    [
        pytest.param(
            {"a.json": DISCORD, "b c.json": DAY % 1, "d.json": DAY % 2},
            ["/a.json", "/b c.json", "/d.json"],
            3,
            id="one by one",
        ),
        pytest.param(
            {"a.json": DISCORD, "x/ops/1.json": DAY % 1, "x/dev/2.json": DAY % 2},
            ["/a.json", "/x"],
            3,
            id="a folder of its own",
        ),
        pytest.param(
            {"a.json": DISCORD} | {f"{n:02}.csv": TABLE % n for n in range(30)},
            ["/*.json", "/*.csv"],
            31,
            id="a glob",
        ),
    ],
)
@pytest.mark.rotated
def test_files_of_several_kinds_are_read_by_the_commands_of_the_refusal(
    tmp_path, files, paths, count
):
    folder, lake = tmp_path / "mixed", str(tmp_path / "lake")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    refused = affectflow("ingest", folder, "--to", lake)

    assert refused.code == 2
    typed = refused.last_line.partition("by itself: ")[2].split(" && ")
    commands = [shlex.split(each) for each in typed]
    assert sorted(
        word.removeprefix(str(folder))
        for command in commands
        for word in command
        if word.startswith(str(folder))
    ) == sorted(paths)
    for command in commands:
        done = affectflow(*command[1:-1], lake)
        assert done.code == 0, done.err
    with open_lake(lake) as read:
        (row,) = read.sql("SELECT count(*) FROM utterances").fetchall()
    assert row == (count,)


def test_many_files_of_kinds_that_no_path_tells_apart_are_to_be_moved(tmp_path):
    for n in range(12):
        (tmp_path / f"a{n}.json").write_text(DISCORD)
        (tmp_path / f"b{n}.json").write_text(DAY % n)

    refused = affectflow("ingest", tmp_path, "--to", f"{tmp_path}-lake")

    assert refused.code == 2
    assert refused.last_line.endswith(
        "move each kind into a folder of its own, and ingest it with --source discord "
        "or --source slack"
    )
