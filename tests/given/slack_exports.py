"""A workspace of Slack of our own, as an export, pages, lines and events."""

import json

from affectflow_connectors.slack.export import ReadSlack
from tests.given.reading import (
    rows_of,
    write_folder,
    write_zip,
)

GENERAL, OPS, DIRECT, GROUP = "C0GENERAL1", "G0OPS00001", "D0ANNBOB01", "G0MANY0001"


def said(ts, text="hi", user="U0ANN00001", **more):
    return {"type": "message", "user": user, "text": text, "ts": ts, **more}


ROOT, REPLY, LONE = "1577872800.000100", "1577872860.000200", "1577959200.000300"
DAY_ONE = [
    said(ROOT, "Build is *broken* :fire:", thread_ts=ROOT, reply_count=1),
    said(REPLY, "On it", "U0BOB00001", thread_ts=ROOT, parent_user_id="U0ANN00001"),
]
DAY_TWO = [said(LONE, "All green again \U0001f389")]
EXPORT = {
    "channels.json": [{"id": GENERAL, "name": "general", "members": []}],
    "groups.json": [{"id": OPS, "name": "ops", "is_private": True}],
    "dms.json": [{"id": DIRECT, "members": ["U0ANN00001", "U0BOB00001"]}],
    "mpims.json": [{"id": GROUP, "name": "mpdm-ann--bob--cy-1"}],
    "users.json": [
        {"id": "U0ANN00001", "name": "ann", "is_owner": True},
        {"id": "U0BOB00001", "name": "bob"},
        {"id": "U0BOT00001", "name": "builder", "is_bot": True},
    ],
    "integration_logs.json": [{"user_id": "U0ANN00001", "date": "1577872800"}],
    "general/2020-01-01.json": DAY_ONE,
    "general/2020-01-02.json": DAY_TWO,
    f"{DIRECT}/2020-01-01.json": [said("1577872801.000100", "only for you")],
    "mpdm-ann--bob--cy-1/2020-01-01.json": [said("1577872802.000100", "for three")],
    "ops/2020-01-01.json": [said("1577872803.000100", "for the team")],
}
IDS = [f"slack:{GENERAL}/{ts}" for ts in (ROOT, REPLY, LONE)]


def page(tmp_path, *messages, name=f"{GENERAL}.json", **more):
    answer = {"ok": True, "messages": list(messages), "has_more": False, **more}
    path = tmp_path / name
    path.write_text(json.dumps(answer))
    return path


def one(tmp_path, message, **options):
    (row,) = rows_of(ReadSlack, page(tmp_path, message), **options)
    return row


def shapes(tmp_path):
    lines = "".join(json.dumps(m) + "\n" for m in DAY_ONE + DAY_TWO)
    events = [
        {"type": "event_callback", "event": {**m, "channel": GENERAL}}
        for m in DAY_ONE + DAY_TWO
    ]
    nested = {f"backup/{name}": content for name, content in EXPORT.items()}
    return {
        "zip": write_zip(tmp_path / "export.zip", EXPORT),
        "zip with a folder": write_zip(tmp_path / "nested.zip", nested),
        "folder": write_folder(tmp_path / "export", EXPORT),
        "page": page(tmp_path, *DAY_ONE, *DAY_TWO),
        "pages": write_folder(
            tmp_path / "pages",
            {
                f"{GENERAL}_2.json": {"ok": True, "messages": DAY_ONE},
                f"{GENERAL}_1.json": {"ok": True, "messages": DAY_TWO},
            },
        ),
        "lines": write_folder(tmp_path / "l", {f"{GENERAL}.jsonl": lines}),
        "events": write_folder(tmp_path / "e", {"events.json": events}),
        "dump": page(
            tmp_path, *DAY_ONE, *DAY_TWO, name="d.json", channel_id=GENERAL
        ),
    }  # fmt: skip
