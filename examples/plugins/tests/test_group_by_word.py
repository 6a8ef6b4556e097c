import pyarrow as pa
from affectflow_examples.group_by_word import GroupByWord

from affectflow.kinds.clusterer import Group
from affectflow.testing import check_clusterer

CAUSES = pa.table(
    {"cause_text": ["the slow build", "a build that fails", "slow tests", "no idea"]}
)
WORDS = ["build", "slow"]


def test_words_of_several_causes_are_learnt_the_most_frequent_first():
    assert GroupByWord(min_size=2).fit(CAUSES, 4) == WORDS


def test_a_cause_is_in_the_group_of_its_most_frequent_word():
    assert GroupByWord().assign(CAUSES, WORDS).groups == [0, 0, 1, -1]


def test_a_group_is_named_by_its_word():
    assert GroupByWord().name({1: Group(3, {})}, WORDS) == {1: ("slow", ["slow"])}


def test_it_keeps_what_every_clusterer_promises():
    check_clusterer(GroupByWord())
