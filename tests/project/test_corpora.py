"""The corpora that are read blind, as messages of lakes."""

import gzip

from affectflow_transforms.models.frustration.train import is_reserved
from tests.quality.read import corpora
from tests.quality.read.corpora import Said

ROOM = """\
[2017-06-23 11:08:13] <ann> I just use the boots
1 [2017-06-23T11:11:15] <bob> it rots
--------------------------------------------------
[2016-12-15 20:51:19] <ann> /aot
"""


def test_a_dashed_rule_of_a_chat_begins_another_conversation(tmp_path):
    (tmp_path / "livechat_gitter").mkdir()
    (tmp_path / "livechat_gitter" / "room.txt").write_text(ROOM, encoding="utf-8")

    assert list(corpora.chat(tmp_path)) == [
        Said("room-0", "room-0", "ann", "2017-06-23T11:08:13Z", "I just use the boots"),
        Said("room-1", "room-0", "bob", "2017-06-23T11:11:15Z", "it rots"),
        Said("room-3", "room-1", "ann", "2016-12-15T20:51:19Z", "/aot"),
    ]


def test_only_threads_that_no_model_was_fitted_on_are_read(tmp_path):
    (tmp_path / "gh_incivility").mkdir()
    threads = [str(number) for number in range(20)]
    lines = [f"{thread},c{thread},said,\n" for thread in threads]
    file = tmp_path / "gh_incivility" / "comments.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as table:
        table.write("issue_id,comment_id,comment_body,tbdf\n" + "".join(lines))

    read = [said.conversation for said in corpora.issues(tmp_path)]

    assert read == [thread for thread in threads if is_reserved(thread)]
    assert 0 < len(read) < len(threads)


def test_equal_sentences_of_a_tracker_are_read_once(tmp_path):
    (tmp_path / "jira_emotion").mkdir()
    for name in ("anger", "joy"):
        file = tmp_path / "jira_emotion" / f"{name}.csv"
        file.write_text(f"text,label\nagain,1\n{name} alone,0\n", encoding="utf-8")

    texts = [said.text for said in corpora.jira(tmp_path)]

    assert texts == ["again", "anger alone", "joy alone"]
