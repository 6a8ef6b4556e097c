"""ReadImageFolder: pictures and their captions, as utterances."""

import io

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow.registry import kebab
from affectflow.sources.recognition import recognise
from affectflow_connectors import picture_files
from affectflow_connectors.image_folder import ReadImageFolder
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask

ROWS = "SELECT utterance_id, container, text, media_uri FROM utterances ORDER BY ALL"

# A GIF of one pixel.
PICTURE = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


@pytest.fixture
def pictures(tmp_path):
    """Two folders of pictures; only one has a table of captions."""
    folder = tmp_path / "pictures"
    for name in ("joy/a.png", "joy/b.JPG", "awe/c.webp", "awe/notes.md", "top.gif"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PICTURE)
    (folder / "joy" / "metadata.csv").write_text(
        "file_name,text,source\na.png,A dog runs,web\n"
    )
    (folder / "joy" / "b.txt").write_text("A cat sleeps\n")
    return folder


def read(*paths):
    source = ReadImageFolder(paths=[str(path) for path in paths])
    splits = [split for pattern in source.patterns for split in source.splits(pattern)]
    return [row for s in splits for b in source.read(s) for row in b.to_pylist()]


def test_a_lake_of_pictures(pictures, tmp_path, own_configuration):
    lake = str(tmp_path / "lake")

    done = affectflow("ingest", pictures, "--source", "image-folder", "--to", lake)

    assert done.code == 0, done.err
    assert ask(lake, ROWS) == [
        ("image-folder:awe/c.webp", "awe", "", f"{pictures}/awe/c.webp"),
        ("image-folder:joy/a.png", "joy", "A dog runs", f"{pictures}/joy/a.png"),
        ("image-folder:joy/b.JPG", "joy", "A cat sleeps", f"{pictures}/joy/b.JPG"),
        ("image-folder:top.gif", None, "", f"{pictures}/top.gif"),
    ]


def beside(folder, name):
    """Returns the path of a file in a folder; its folder is there."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    return folder / name


def test_a_folder_of_pictures_and_captions_is_recognised(
    pictures, tmp_path, own_configuration
):
    (pictures / "awe" / "notes.md").rename(pictures / "README.md")

    done = affectflow("ingest", pictures, "--to", tmp_path / "lake")

    assert done.code == 0, done.err
    assert "like image-folder" in done.err
    assert "left out" not in done.err


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        pytest.param("chat/joy.jsonl", '{"id": "1", "text": "Hi"}\n', "jsonl"),
        pytest.param("joy/labels.csv", "id,text\n1,Hi\n", "csv"),
    ],
)
def test_pictures_beside_messages_are_no_folder_of_pictures(
    tmp_path, name, content, source
):
    beside(tmp_path, "joy/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    beside(tmp_path, name).write_text(content)

    assert kebab(recognise([str(tmp_path)]).source.__name__) == source


def test_a_text_that_no_picture_is_named_like_is_no_caption(tmp_path):
    beside(tmp_path, "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    beside(tmp_path, "a.txt").write_text("A dog")
    assert ReadImageFolder.takes_folder(str(tmp_path))

    beside(tmp_path, "_chat.txt").write_text("[01.01.20, 10:00:00] Bob: Hi\n")
    assert not ReadImageFolder.takes_folder(str(tmp_path))


def test_other_columns_of_the_table_are_attributes(pictures):
    (row,) = read(pictures / "joy" / "a.png")

    assert row["utterance_id"] == "image-folder:a.png"
    assert row["attrs"] == [("source", "web")]


def test_an_id_is_the_same_by_a_glob_and_by_the_folder(pictures):
    by_folder = {row["utterance_id"] for row in read(pictures)}

    assert {row["utterance_id"] for row in read(pictures / "*" / "*.png")} <= by_folder


def test_captions_of_json_lines(pictures):
    lines = '{"file_name": "c.webp", "text": "A peak", "stars": 3}\n\n'
    (pictures / "awe" / "metadata.jsonl").write_text(lines)

    (row,) = read(pictures / "awe")

    assert (row["text"], row["attrs"]) == ("A peak", [("stars", "3")])


@pytest.mark.parametrize(
    "table", ["name,words\na.png,A dog\n", 'file_name,text\na.png,"A dog']
)
def test_of_a_table_that_cannot_be_read_the_reason_is_said(pictures, table):
    (pictures / "joy" / "metadata.csv").write_text(table)

    first, _ = read(pictures / "joy")

    assert [each["error_type"] for each in first["errors"]] == ["unreadable_caption"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty_picture", id="empty"),
        pytest.param(b"<html>404</html>", "damaged_picture", id="a page"),
        pytest.param(b"\0" * 3000, "damaged_picture", id="zeros"),
    ],
)
@pytest.mark.parametrize("pillow", ["installed", "absent"])
def test_what_is_no_picture_is_refused_with_its_name(
    tmp_path, monkeypatch, content, reason, pillow
):
    if pillow == "absent":
        monkeypatch.setattr(picture_files, "has_pillow", lambda: False)
    (tmp_path / "a.png").write_bytes(content)
    (tmp_path / "b.png").write_bytes(PICTURE)

    bad, good = read(tmp_path)

    (error,) = bad["errors"]
    assert error["error_type"] == reason
    assert f"{tmp_path}/a.png" in error["message"]
    assert good["utterance_id"] == "image-folder:b.png"


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "b.png").write_bytes(PICTURE)

    bad, _ = read(tmp_path)

    assert [each["error_type"] for each in bad["errors"]] == ["unreadable_file"]


@pytest.mark.vision
@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_that_is_cut_off_is_refused(tmp_path, name):
    whole = picture_of_noise(name)
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "whole.png").write_bytes(whole)

    cut, found = read(tmp_path)

    assert [each["error_type"] for each in cut["errors"]] == ["damaged_picture"]
    assert found["utterance_id"] == "image-folder:whole.png"


@pytest.mark.vision
@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF"])
def test_bytes_behind_the_end_of_a_picture_do_no_harm(tmp_path, name):
    (tmp_path / "a.png").write_bytes(picture_of_noise(name) + b"a film of it")

    (found,) = read(tmp_path)

    assert found["media_uri"] == f"{tmp_path}/a.png"


def picture_of_noise(name):
    """Returns a picture of 40 x 30 pixels in a format."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(noise).save(held := io.BytesIO(), name)
    return held.getvalue()


def test_a_folder_without_pictures_is_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"no .*\.png"):
        ReadImageFolder(paths=str(tmp_path)).check()
