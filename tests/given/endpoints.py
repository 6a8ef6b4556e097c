"""What tests of `Endpoint` ask, and what comes of it."""

from affectflow import stages
from affectflow.kinds.account import open_account
from affectflow_transforms.models.endpoint.endpoint import Endpoint
from tests.given.model_server import question_of, says
from tests.given.scripted import marked
from tests.given.stage_runs import ask

PROMPT = """
task = "emotion"
[[steps]]
name = "label"
text = "Which of {labels} is it? {text}"
parser = "one_label"
labels = ["joy", "fear"]
"""
ELSEWHERE = "https://models.example.org/v1"


def annotate(lake, server, prompt, **options):
    given = {"name": "tiny", "prompt": prompt, "tries": 2, "slots": 2, **options}
    return stages.annotate_lake(lake, model=server.url, options=given)


def told(body):
    """Returns the text of an utterance that a question shows."""
    return marked(question_of(body))


def loud(body):
    """Says `fear` of a text that shouts, else `joy`."""
    return says("fear" if "!" in told(body) else "joy")


def of_lake(lake):
    query = "SELECT utterance_id, label, score, status FROM annotations ORDER BY 1, 3"
    return ask(lake, query)


def asked(row):
    names = ("questions", "kept_answers", "calls", "rows_sent", "sent_to")
    return {name: row[name] for name in names if row[name]}


def answers(server, prompt, batch, **options):
    """Returns the account, and what each row of a batch got, without a lake."""
    given = {"name": "tiny", "prompt": prompt, "tries": 2, "slots": 2, **options}
    model = Endpoint(url=server.url, **given)
    with open_account() as opened:
        batch = model.apply(batch, model.load_model())
    found = batch.select(["annotations", "errors"]).to_pylist()
    return opened, [_got(row["annotations"], row["errors"]) for row in found]


def _got(annotations, errors):
    if errors:
        return errors[0]["message"]
    return [(a["label"], a["score"], a["status"]) for a in annotations]


def endpoint(prompt, url=ELSEWHERE, **options):
    return Endpoint(url=url, name="tiny", prompt=prompt, **options)
