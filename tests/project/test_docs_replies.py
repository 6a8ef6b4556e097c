"""The page about replies: its commands work, from messages to replies.

The base has random weights and ten words: it is proved that steps follow each other.
"""

import pytest

from tests.given.docs_tables import ROOT
from tests.given.tiny_replier import save_t5, write_replied
from tests.project.test_docs import commands, typed

PAGE = (ROOT / "docs" / "replies.md").read_text(encoding="utf-8")


@pytest.mark.proof
@pytest.mark.torch
def test_the_commands_of_the_page_work_in_their_order(tmp_path, own_configuration):
    save_t5(tmp_path / "t5")
    write_replied(tmp_path / "replied")
    (tmp_path / "posts.csv").write_text("id,body\n1,I am so happy today\n", "utf-8")

    for command in commands(PAGE):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
