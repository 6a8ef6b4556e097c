"""The journal: what was answered once is not asked again."""

import pytest

from affectflow.errors import LakeError
from affectflow.kinds.account import Spent, open_account
from affectflow.kinds.asking import Completion, Message, Request
from affectflow.lake import Lake
from affectflow.stages.runs import journal as journals
from affectflow.stages.runs.journal import LakeJournal, forget
from affectflow.stages.runs.journal_files import Chunk, chunks_in, spent_by
from affectflow.stages.runs.receipts import WORK
from tests.given.scripted import install_scripted, prompt_file, scripted, utterances


@pytest.fixture
def lake(tmp_path):
    return Lake.create(str(tmp_path / "lake"))


def digest(text):
    return Request(messages=(Message("user", text),)).digest


def journal(lake, run_id="r-1", model="tiny@1"):
    return LakeJournal(lake, model, run_id)


def files(lake):
    (model,) = lake.storage.names(WORK, "journal")
    return lake.storage.names(WORK, "journal", model)


SAID = Completion(text="joy", scores=(0.75, 0.25), tokens_in=7, tokens_out=1)


def test_an_answer_comes_back_as_it_was(lake):
    one = journal(lake)
    one.keep(digest("a"), SAID, ["t:1"])
    one.keep(digest("b"), Completion(text="fear\n", truncated=True), [])
    one.close()

    found = journal(lake).known([digest("a"), digest("b"), digest("c")])

    assert found == {
        digest("a"): SAID,
        digest("b"): Completion(text="fear\n", truncated=True),
    }


def test_answers_of_another_model_are_not_taken(lake):
    one = journal(lake)
    one.keep(digest("a"), SAID, [])
    one.close()

    assert journal(lake, model="tiny@2").known([digest("a")]) == {}


def test_answers_are_on_disk_before_the_part_ends(lake, monkeypatch):
    monkeypatch.setattr(journals, "CHUNK_ROWS", 2)
    one = journal(lake)
    for text in "abcde":
        one.keep(digest(text), SAID, [])

    # A process that is killed here has lost `e` and no more.
    found = journal(lake).known([digest(text) for text in "abcde"])

    assert found.keys() == {digest(text) for text in "abcd"}
    assert len(files(lake)) == 2


def test_answers_are_on_disk_soon_however_few(lake, monkeypatch):
    monkeypatch.setattr(journals, "LOCAL_EVERY_S", 0.0)
    one = journal(lake)
    one.keep(digest("a"), SAID, [])

    assert journal(lake).known([digest("a")])


def test_the_files_of_a_part_become_one(lake, monkeypatch):
    monkeypatch.setattr(journals, "CHUNK_ROWS", 1)
    one, other = journal(lake), journal(lake)
    for text in "abc":
        one.spend(Spent(2, 0.5))
        one.keep(digest(text), SAID, [])
    other.keep(digest("d"), SAID, [])
    one.close()
    other.close()

    assert len(files(lake)) == 2
    assert len(journal(lake).known([digest(text) for text in "abcd"])) == 4
    assert spent_by(lake, "r-1") == Spent(6, 1.5)


def test_files_that_became_one_and_stayed_count_once(lake, monkeypatch):
    monkeypatch.setattr(journals, "CHUNK_ROWS", 1)
    monkeypatch.setattr(type(lake.storage), "remove_tree", lambda *given: None)
    one = journal(lake)
    for text in "abc":
        one.spend(Spent(2, 0.5))
        one.keep(digest(text), SAID, [])
    one.close()

    assert len(files(lake)) == 4
    assert spent_by(lake, "r-1") == Spent(6, 1.5)


def test_a_process_learns_what_the_others_of_its_run_have_spent(lake, monkeypatch):
    monkeypatch.setattr(journals, "_process", lambda: "0a")
    theirs = journal(lake)
    theirs.spend(Spent(3, 0.25))
    theirs.close()
    earlier = journal(lake, run_id="r-0")
    earlier.spend(Spent(100, 9.0))
    earlier.close()

    assert journal(lake).elsewhere() == Spent()
    monkeypatch.setattr(journals, "_process", lambda: "0b")
    assert journal(lake).elsewhere() == Spent(3, 0.25)


def test_what_is_forgotten_is_on_no_disk(lake, monkeypatch):
    monkeypatch.setattr(journals, "CHUNK_ROWS", 2)
    one = journal(lake)
    for text, about in (("a", ["t:1"]), ("b", ["t:2", "t:1"]), ("c", ["t:3"])):
        one.keep(digest(text), Completion(text=f"about {text}"), about)
    one.close()

    assert forget(lake, ["t:1", "t:9"]) == 2

    found = journal(lake).known([digest(text) for text in "abc"])
    assert found == {digest("c"): Completion(text="about c")}
    everything = b"".join(
        lake.storage.read(WORK, "journal", model, name)
        for model in lake.storage.names(WORK, "journal")
        for name in lake.storage.names(WORK, "journal", model)
    )
    assert b"about a" not in everything
    assert forget(lake, ["t:1"]) == 0


def test_it_works_where_there_are_no_folders(monkeypatch):
    monkeypatch.setattr(journals, "CHUNK_ROWS", 1)
    store = Lake("memory://journal", {})
    one = journal(store)
    for text in "ab":
        one.keep(digest(text), SAID, ["t:1"])
    one.close()

    assert journal(store).known([digest("a"), digest("c")]) == {digest("a"): SAID}
    assert len(files(store)) == 1
    assert forget(store, ["t:1"]) == 2
    store.storage.remove_tree()


def test_a_name_says_what_its_file_is():
    chunk = Chunk("20261129T020000-abc123", "1f00", 0, 12, Spent(40, 0.125))

    assert Chunk.of(chunk.name) == chunk
    assert Chunk.of("receipt.json") is None


def test_a_damaged_file_is_named(lake):
    one = journal(lake)
    one.keep(digest("a"), SAID, [])
    one.close()
    (model,) = lake.storage.names(WORK, "journal")
    lake.storage.write(b"", WORK, "journal", model, files(lake)[0])

    with pytest.raises(LakeError, match="remove the file; its questions are"):
        journal(lake).known([digest("a")])


# -- what asks -----------------------------------------------------------------------


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Returns what asks a model about texts, and gives its account and questions."""
    install_scripted(tmp_path / "site", monkeypatch)
    path = prompt_file(
        tmp_path,
        """
        task = "emotion"
        [[steps]]
        name = "label"
        text = "One of {labels}: {text}"
        parser = "one_label"
        labels = ["joy", "fear"]
        """,
    )

    def asks(journal, *texts, script=lambda question, request: "joy", **options):
        model = scripted(path, script, decode="text", **options)
        with open_account(journal) as opened:
            heard = model.load_model()
            model.apply(utterances(*texts), heard)
        if journal is not None:
            journal.close()
        return opened, heard.questions

    return asks


def test_equal_questions_are_asked_once_and_known_ones_never(lake, ask):
    first, asked = ask(journal(lake), "a", "a", "b", "")
    again, nothing = ask(journal(lake), "a", "b", "c")

    assert (len(asked), len(nothing)) == (2, 1)
    assert first.asked() == {"questions": 3, "distinct": 2, "calls": 2}
    assert again.asked() == {
        "questions": 3,
        "distinct": 3,
        "kept_answers": 2,
        "calls": 1,
    }


def test_a_new_annotator_with_the_same_prompt_asks_nothing(lake, ask):
    ask(journal(lake), "a", "b")
    # `roles` are in the id of an annotator, and in no question.
    opened, asked = ask(journal(lake), "a", "b", roles=())

    assert asked == []
    assert opened.asked()["kept_answers"] == 2


def test_what_failed_is_not_kept(lake, ask):
    def fails(question, request):
        return ValueError("no")

    ask(journal(lake), "a", script=fails)
    _, asked = ask(journal(lake), "a")

    assert len(asked) == 1


def test_an_answer_says_whom_it_is_about(lake, ask):
    ask(journal(lake), "a", "a", "b")

    assert forget(lake, ["t:1"]) == 1
    assert len(ask(journal(lake), "a", "b")[1]) == 1


def test_without_a_journal_nothing_is_kept(ask):
    opened, asked = ask(None, "a", "b")

    assert len(asked) == 2
    assert opened.asked()["calls"] == 2


def test_chunks_are_listed_in_an_empty_lake(lake):
    assert chunks_in(lake.storage, (WORK, "journal", "nothing")) == []
    assert spent_by(lake, "r-1") == Spent()
    assert forget(lake, ["t:1"]) == 0
