"""`--source auto` on files that were written before it was tried on them."""

import pytest

from affectflow.registry import kebab
from affectflow.sources.recognition import recognise
from tests.given.unseen import chats, odd, posts, work

FILES = [*chats.FILES, *posts.FILES, *work.FILES, *odd.FILES]


@pytest.mark.parametrize(
    "unseen", FILES, ids=[f"{each.source}: {each.name}" for each in FILES]
)
def test_a_file_of_a_known_kind_is_recognised(tmp_path, unseen):
    path = tmp_path / unseen.name
    path.write_bytes(unseen.data)

    assert kebab(recognise([str(path)]).source.__name__) == unseen.source
