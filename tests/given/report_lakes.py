"""A small lake that a report is made of, and how tests read the page."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet as pq

from affectflow import vocabularies
from affectflow.lake import views
from affectflow.report import render
from affectflow.schemas import TABLES

START = datetime(2024, 1, 3, tzinfo=UTC)
EVIL = "<script>alert('x')</script>"
MODEL = "small-model@1"


def utterance(i, **more):
    return {
        "utterance_id": f"s:{i}",
        "conversation_id": f"c{i // 4}",
        "speaker_id": f"speaker-{i % 6}",
        "is_bot": False,
        "source": "s",
        "container": "big/repo",
        "timestamp": START + timedelta(days=10 * i),
        "text": f"{EVIL} the build is broken again, number {i}",
        "visibility": "public",
        "url": f"https://example.org/{i}",
        **more,
    }


def annotation(spoken, label="annoyance", **more):
    copied = ("utterance_id", "conversation_id", "timestamp", "container", "speaker_id")
    return {
        **{name: spoken[name] for name in copied},
        "source": "s",
        "annotator_id": MODEL,
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": 0.5,
        "rank": 1,
        "chosen": True,
        "status": "ok",
        **more,
    }


def cause(i):
    text = "the build is broken again"
    start = len(EVIL) + 1
    return {
        "cause_id": f"k{i}",
        "utterance_id": f"s:{i}",
        "label": "annoyance",
        "emotion_annotator_id": MODEL,
        "cause_utterance_id": f"s:{i}",
        "start": start,
        "end": start + len(text),
        "cause_text": text,
        "status": "ok",
    }


def theme(name, ids):
    clustering = "irritation-0a1b"
    one = {
        "clustering_id": clustering,
        "theme_id": name,
        "title": f"theme {name} {EVIL}",
        "keywords": ["build"],
        "exemplar_ids": ids[:3],
    }
    members = [
        {"cause_id": each, "theme_id": name, "clustering_id": clustering}
        for each in ids
    ]
    return one, members


def tables():
    """26 messages by 6 people in a big repository, 4 in a small one, a bot, a silent.

    Theme `large` has 20 messages, theme `small` 6; the quote of message 25 is private.
    """
    spoken = [utterance(i) for i in range(26)]
    spoken[25] |= {"visibility": "private", "text": f"{EVIL} {SECRET}"}
    tiny = [utterance(i, container="tiny/repo") for i in range(26, 30)]
    bot = utterance(30, is_bot=True, speaker_id="robot")
    silent = utterance(31)
    large, large_members = theme("large", [f"k{i}" for i in range(20)])
    small, small_members = theme("small", [f"k{i}" for i in range(20, 26)])
    causes = [cause(i) for i in range(25)]
    secret = {"start": len(EVIL) + 1, "end": len(EVIL) + 1 + len(SECRET)}
    causes.append(cause(25) | secret | {"cause_text": SECRET})
    nothing = {"chosen": False, "rank": None, "status": "no_author_text"}
    return {
        "utterances": [*spoken, *tiny, bot, silent],
        "annotations": [
            *[annotation(each) for each in [*spoken, *tiny, bot]],
            annotation(silent, None, **nothing),
        ],
        "folds": [vars(fold) for fold in vocabularies.folds()],
        "causes": causes,
        "themes": [large, small],
        "theme_members": [*large_members, *small_members],
        "annotators": [
            {"annotator_id": MODEL, "kind": "model", "licence": "MIT"},
            {"annotator_id": "grace hopper", "kind": "person"},
            {
                "annotator_id": "asked@1",
                "kind": "prompt",
                "notice": "Some messages were set aside unread.",
            },
        ],
        "dead_letters": [
            {"step": "ReadX", "error_type": "bad_json", "message": EVIL, "origin": "f"}
        ],
        "runs": [{"run_id": "run-7", "stage": "ingest", "config_digest": "abc"}],
    }


SECRET = "what I wrote in private"


class FolderLake:
    def __init__(self, folder, tables):
        self.folder = folder
        for name, rows in tables.items():
            table = pa.Table.from_pylist(rows, schema=TABLES[name])
            pq.write_table(table, folder / f"{name}.parquet")

    def files(self, table):
        return [str(path) for path in self.folder.glob(f"{table}.parquet")]


def page_of(folder, tables, **more):
    connection = views.connect(FolderLake(folder, tables))
    return render(connection, lake="my lake", title=f"A title {EVIL}", **more)


def text_of(page):
    """Returns what a person reads, in one line."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)
    return " ".join(bare.split())


class Loads(HTMLParser):
    """Collects every address in a page, and the elements that could run or load."""

    def __init__(self, page):
        super().__init__()
        self.links, self.others, self.tags = [], [], set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value)
            elif name in ("href", "src", "xlink:href", "data", "action", "srcset"):
                self.others.append(value)
            elif name.startswith("on") or name == "style":
                self.others.append(f"{name}={value}")
