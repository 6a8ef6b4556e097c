import pyarrow as pa
from affectflow_examples.group_by_word import GroupByWord

from affectflow.kinds.clusterer import Group
from affectflow.testing import check_clusterer

CAUSES = pa.table(
    {"cause_text": ["the slow build", "a build that fails", "slow tests", "no idea"]}
)
WORDS = ["build", "slow"]


def test_words_of_several_causes_are_learnt_the_most_frequent_first():
    assert GroupByWord().fit(CAUSES, 4) == WORDS


def test_a_cause_is_in_the_group_of_its_most_frequent_word():
    assert GroupByWord().assign(CAUSES, WORDS).groups == [0, 0, 1, -1]


def test_a_group_is_named_by_its_word_if_it_is_large_enough():
    names = GroupByWord().name({0: Group(2, {}), 1: Group(1, {})}, WORDS)

    assert names == {0: ("build", ["build"])}


def test_it_keeps_what_every_clusterer_promises():
    check_clusterer(GroupByWord())
