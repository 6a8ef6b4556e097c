"""Programs are told by their names; people with names like theirs stay people."""

import pyarrow as pa
import pytest

from affectflow.sources.bots import are_bots, is_bot_name
from affectflow_connectors.csv import ReadCsv

BOTS = (
    "codecov-commenter",
    "stalebot",
    "dependabot",
    "dependabot[bot]",
    "Renovate",
    "k8s-ci-robot",
    "acme-ci-robot",
    "my-bot",
    "my_bot",
    "helper-bot2",
    "azure-sdk-bot",
    "mergebot",
    "pytorchmergebot",
    "Hadoop QA",
    "Travis CI",
    "nightbot",
    "pr-triagebot",
    "RemindMeBot",
    "AppVeyorBot",
    "AutoModerator",
    "ASF GitHub Bot",
    "Jira Bot",
    "project_42_bot",
    "group_45_bot_2a3b4c",
    "Project_123_bot1",
)
PEOPLE = (
    "talbot",
    "abbot",
    "Jean Abbot",
    "jean-talbot",
    "cabot",
    "robot",
    "robots",
    "robotfan",
    "project_bot_builder",
    "group_45_botany_",
    "mr-robot",
    "iRobot",
    "i_love_robots",
    "bot-lover",
    "not-a-bot",
    "IAmNotABot",
    "turbot",
    "autobot",
    "Ben Bot",
    "botond",
    "bottega",
    "Jenkins",
    "bob",
    "",
)


@pytest.mark.parametrize("name", BOTS)
def test_a_program_is_told_by_its_name(name):
    assert is_bot_name(name)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_with_such_a_name_is_a_person(name):
    assert not is_bot_name(name)


def test_a_column_of_names_is_told_as_each_name_is():
    told = are_bots(pa.array([*BOTS, *PEOPLE, None]))

    assert told.to_pylist() == [True] * len(BOTS) + [None] * (len(PEOPLE) + 1)


def test_what_a_file_says_of_its_accounts_goes_first(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "utterance_id,text,speaker_id,is_bot\n1,a,stalebot,\n2,b,stalebot,no\n3,c,ann,\n"
    )
    source = ReadCsv(paths=str(path))

    (batch,) = source.read(source.splits(str(path))[0])

    assert batch.column("is_bot").to_pylist() == [True, False, None]
