"""Options that name what is not there: one line says what is."""

import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.measure import measure_file, measure_lake
from tests.given.people import add_rows

TALKS = "conversation_id,role,text,label\n1,doctor,hello,yes\n1,patient,hi,yes\n"
PAIRS = "model,baseline,preference,item,length,baseline_length\na,b,1,x,3,4\n"
FLAGS = "part,truth,chosen,label,unit\nnew,1,0,joy,u\n"


@pytest.mark.parametrize(
    ("name", "rows", "options", "message"),
    [
        (
            "SpeakerLeakage",
            TALKS,
            {"roles": "x,patient"},
            "speaker-leakage: roles=x,patient finds no 'x' in this file; there is "
            "'doctor', 'patient'",
        ),
        ("LengthControlled", PAIRS, {"against": "c"}, "no 'c' .* there is 'a', 'b'"),
        ("GroupGap", FLAGS, {"label": "rage"}, "label=rage finds no 'rage' .* 'joy'"),
        ("Expressions", "text,side\nx,a\ny,b\n", {"first": "z"}, "there is 'a', 'b'"),
        (
            "WheelScore",
            "gold,predicted\n[joy],[joy]\n",
            {"against": "m"},
            "against=m names an annotator of a lake, but this is a file",
        ),
    ],
)
def test_in_a_file(tmp_path, name, rows, options, message):
    path = tmp_path / "rows.csv"
    path.write_text(rows)

    with pytest.raises(UsageError, match=message):
        measure_file(str(path), name, options=options)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, own_configuration):
    uri = Lake.create(str(tmp_path_factory.mktemp("choices") / "lake")).uri
    message = {"utterance_id": "u", "conversation_id": "c", "text": "hi"}
    add_rows(uri, "utterances", [message | {"attrs": [("team", "red")]}])
    add_rows(uri, "annotators", [{"annotator_id": "m@1", "kind": "model"}])
    answer = {"utterance_id": "u", "annotator_id": "m@1", "task": "emotion"}
    add_rows(uri, "annotations", [answer | {"label": "joy", "status": "ok"}])
    return uri


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("PreferenceBias", {"task": "mood"}, "no 'mood' .* there is 'emotion'"),
        ("SpeakerLeakage", {"column": "side"}, "no 'side' .* there is 'team'"),
        ("GroupGap", {"across": "attrs.tea"}, "no 'attrs.tea' .* 'attrs.team'"),
        ("GroupGap", {"label": "rage", "annotator": "m"}, "no 'rage' .* 'joy'"),
        ("DoublyRight", {"judge": "nobody"}, "no annotator 'nobody' .* 'm@1'"),
    ],
)
def test_in_a_lake(lake, name, options, message):
    with pytest.raises(UsageError, match=message):
        measure_lake(lake, name, options=options)
