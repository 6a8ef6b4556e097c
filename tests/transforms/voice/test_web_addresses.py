"""Recordings on a real web server: asked for by who runs it, not by who wrote it."""

import functools
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from affectflow import people
from affectflow.errors import MissingExtraError
from affectflow.kinds.account import open_account
from affectflow.steps.tracks import cues_of
from affectflow_transforms.voice.renderer import RenderVoice
from tests.conftest import required
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store
from tests.given.voices import silence, voice, write

STUDY = ("--context", "research", "--purpose", "a test")


class Web:
    """A server of a folder on loopback; `asked` are the paths that it was asked for."""

    def __init__(self, folder):
        self.asked = asked = []

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args):
                asked.append(self.path)

        served = functools.partial(Handler, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), served)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web(tmp_path):
    pause = [*voice(), *silence(1.5), *voice()]
    write(tmp_path / "call.wav", pause)
    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.write(tmp_path / "call.wav", "call.wav")
    served = Web(tmp_path)
    yield served
    served.server.shutdown()
    served.server.server_close()


def said(uri, **options):
    """Returns the phrases of one turn of a recording, what was counted, and why."""
    with people.using(context="research", purpose="a test"), open_account() as account:
        batch = utterances("so it is", media_uri=uri)
        (cues,) = cues_of(batch, RenderVoice(**options)).to_pylist()
    faults = [each.message for each in account.faults.values()]
    return [cue["phrase"] for cue in cues], dict(account.tallied), faults


@pytest.mark.parametrize(
    "address",
    [
        "{url}/call.wav",
        "HTTP{rest}/call.wav",
        "zip://call.wav::{url}/calls.zip",
        "simplecache::{url}/call.wav",
    ],
)
def test_an_address_that_a_message_names_is_not_asked_for(web, address):
    uri = address.format(url=web.url, rest=web.url.removeprefix("http"))

    phrases, counted, why = said(uri)

    assert web.asked == []
    assert phrases == []
    assert counted == {"no_cue_on_the_web": 1, "no_cue_not_measured": 1}
    assert why == [
        f"{uri!r} is on the web and is not fetched: download it, and name the copy"
    ]


def test_an_address_that_an_option_names_is_heard(web):
    try:
        phrases, counted, _ = said("call.wav", tracks=f"{web.url}/call.wav")
    except MissingExtraError:
        required("aiohttp", "pip install aiohttp")

    assert "/call.wav" in "".join(web.asked)
    assert (phrases, counted) == (["with a long pause"], {})


def test_a_lake_is_textualized_again_without_asking_for_it(web, tmp_path):
    lake = str(tmp_path / "lake")
    store(lake, utterances("so", media_uri=f"{web.url}/call.wav"))

    done = [
        affectflow("textualize", lake, "--renderer", "RenderVoice", *STUDY)
        for _ in range(2)
    ]

    assert [each.code for each in done] == [0, 0]
    assert "on the web" in done[0].out + done[0].err
    assert web.asked == []
    assert ask(lake, "SELECT * FROM cues") == []
