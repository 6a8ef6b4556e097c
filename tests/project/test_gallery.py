"""The gallery: what its page types works on a copy of each corpus, in counts.

One corpus a day in CI, all in `make prove`. The heated threads are in a proof only: to
mine and group their 2,889 causes takes longer than the other five corpora together.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.given.docs_tables import ROOT
from tests.given.proving import in_proof, rotated
from tests.project.test_docs import commands, typed

PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
CORPORA = {
    "Heated issue threads": {"comments.csv.gz": "gh_incivility/comments.csv.gz"},
    "Developer chat": {"rooms": "livechat_gitter/*.txt*"},
    "A Stack Exchange site": {"dump": "raw_stackexchange/[PC]*.xml"},
    "Reddit threads": {"reddit": "raw_reddit/*json"},
    "Dialogues with people's labels": {"dev_sent_emo.csv": "meld/dev_sent_emo.csv"},
    "Mail, some of it broken": {"mail": "raw_mail/eml/*.eml"},
}
"""By the heading of a section: what lies in the folder, and where it is taken from."""
OF_MODELS = re.compile(
    r"FROM (?:frustration|emotion|coverage|language)|JOIN frustration"
)


def sections() -> dict[str, str]:
    """Returns the texts of the page below its headings."""
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def shown(section: str) -> list[tuple[str, str]]:
    """Returns the questions of a section, each with the answer that the page shows."""
    found = re.findall(r"```sh\n([^`]*)\n```\n\n```text\n([^`]*)```", section)
    return [(question, answer) for question, answer in found]


def copied(name: str, data: Path, to: Path) -> None:
    """Copies the corpus of a section, as somebody has it who downloaded it."""
    for target, pattern in CORPORA[name].items():
        files = sorted(data.glob(pattern))
        if not files:
            pytest.skip(f"the shared data has no {pattern}")
        if "." in target:
            shutil.copy(files[0], to / target)
            continue
        (to / target).mkdir()
        for file in files:
            shutil.copy(file, to / target)


def test_the_page_has_a_section_for_each_corpus_with_three_questions():
    assert list(sections()) == list(CORPORA)
    for name, section in sections().items():
        assert len(shown(section)) == 3, name
        assert [q for q, _ in shown(section)] == commands(section)[-3:], name


DEAREST = "Heated issue threads"
TRIED = [name for name in CORPORA if in_proof(True, name != DEAREST)]


@pytest.mark.parametrize("name", rotated(TRIED))
def test_a_corpus_answers_what_its_section_asks(name, shared_data, tmp_path):
    copied(name, shared_data, tmp_path)
    answers = dict(shown(sections()[name]))

    for command in commands(sections()[name]):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        if command not in answers:
            continue
        # What a model says changes with its weights; the page says whose it is.
        head, *rows = done.out.splitlines()
        assert head == answers[command].splitlines()[0]
        assert rows, command
        if not OF_MODELS.search(command):
            assert done.out == answers[command], command
