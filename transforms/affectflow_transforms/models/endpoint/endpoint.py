"""`Endpoint`: a model behind any HTTP server that speaks OpenAI's chat completions."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import StoppedError, UsageError
from affectflow.kinds.account import account
from affectflow.kinds.asker import Asker, Completion, Outcome, Request
from affectflow.kinds.identity import Origin
from affectflow.registry import Card
from affectflow.schemas import PRIVATE_VISIBILITIES, UTTERANCES, Status, fields
from affectflow_transforms.models.endpoint import wire
from affectflow_transforms.models.endpoint.client import Client, Question
from affectflow_transforms.models.endpoint.failures import RefusedError
from affectflow_transforms.models.endpoint.server import Server
from affectflow_transforms.models.endpoint.spending import Ceiling

KEY = "AFFECTFLOW_LLM_KEY"
_DIRECT = ("direct", "direct_message", "dm")
"""Kinds of utterances that one person wrote to another."""


@dataclass(kw_only=True)
class Endpoint(Asker[Client[Completion]]):
    """A model behind a URL: vLLM, llama.cpp, or a service.

    Args:
      url: the URL of the server, such as `http://localhost:8000/v1`.
      name: the name of the model on the server.
      revision: the revision of the model, as far as you know; it cannot be checked.
      licence: the licence of its weights.
      send_to: the host that texts may be sent to, if it is not this machine.
      send_private: private and direct messages may be sent there too.
      max_characters: longest text that is sent, and longest history; a longer text
        loses its end, a history its beginning. 0 for no limit.
      slots: requests at once, per worker; a quarter more than the server answers at
        once keeps it busy.
      timeout_s: seconds that one answer may take.
      tries: how often one question is tried.
      key_env: the environment variable that holds the key.
      max_calls: the ceiling of a run, repeated calls included; 0 for none.
      max_cost: the ceiling of a run, in the currency of the prices; 0 for none.
      price_in: per million tokens of questions.
      price_out: per million tokens of answers.
      body: more fields of each request, as JSON, if a server needs any.

    Raises:
      UsageError: the URL is malformed, its host is not named by `send_to`, or a number
        is out of range.
    """

    url: str
    name: str
    revision: str = "unpinned"
    licence: str = "unknown"
    send_to: str = ""
    send_private: bool = False
    max_characters: int = 12_000
    slots: int = 40
    timeout_s: float = 60.0
    tries: int = 6
    key_env: str = KEY
    max_calls: int = 0
    max_cost: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0
    body: Mapping[str, Any] = field(default_factory=dict)

    card: ClassVar[Card] = Card(
        summary="a model behind an HTTP server that speaks OpenAI's chat completions",
        extra="llm",
    )
    not_in_id: ClassVar[frozenset[str]] = frozenset(
        {
            *("url", "name", "revision", "licence", "send_to", "slots", "timeout_s"),
            *("tries", "key_env", "max_calls", "max_cost", "price_in", "price_out"),
        }
    )

    on_trial: ClassVar[bool] = False

    def __post_init__(self) -> None:
        # Before the prompt: where to ask comes first.
        self.host = _host_of(self.url)
        super().__post_init__()
        self.is_local = _is_loopback(self.host)
        if not self.is_local and self.send_to != self.host:
            raise UsageError(
                f"the model is at {self.host!r}, another machine: to send it what "
                f"people wrote, masked, give --send-to {self.host} or the option "
                "`send_to`"
            )
        self._check_numbers()

    @classmethod
    def unasked(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns options with which it is made though nothing may be sent."""
        return {**given, "send_to": _host_of(str(given.get("url", "")))}

    def _check_numbers(self) -> None:
        for name in ("slots", "tries", "timeout_s"):
            if getattr(self, name) <= 0:
                raise UsageError(
                    f"`{name}` must be above 0, got {getattr(self, name):g}"
                )
        if self.max_characters < 0:
            raise UsageError(
                f"`max_characters` must be at least 0, got {self.max_characters}"
            )
        if self.max_cost and not (self.price_in or self.price_out):
            raise UsageError(
                "`max_cost` needs prices: give `price_in` and `price_out`, each per "
                "million tokens"
            )

    def origin(self) -> Origin:
        """Returns the model as the server calls it."""
        return Origin(self.name, self.revision, self.licence, None)

    def kept_under(self) -> str:
        """Returns what decides answers: not which rows may be sent."""
        return f"{self.name}@{self.revision} {dict(self.body) or ''}"

    @property
    def columns_required(self) -> pa.Schema:
        """What the prompt reads, and what says whether a row may be sent."""
        prompt = super().columns_required
        if self.is_local:
            return prompt
        more = fields(UTTERANCES, "kind", "visibility", "segments")
        return pa.unify_schemas([prompt, more])

    def held_back(self, batch: pa.RecordBatch) -> dict[int, Status]:
        """Returns also the rows that may not leave this machine.

        These are private and direct messages, and texts that have not been searched for
        anything to mask.
        """
        held = dict(super().held_back(batch))
        if self.is_local:
            return held
        withheld = pc.is_null(batch.column("segments"))
        if not self.send_private:
            withheld = pc.or_(withheld, _is_private(batch))
        rows = np.flatnonzero(withheld.to_numpy(zero_copy_only=False))
        return {**dict.fromkeys(rows.tolist(), Status.WITHHELD), **held}

    def load_model(self) -> Client[Completion]:
        """Returns a client; it connects when it is asked."""
        server = Server(
            url=f"{self.url.rstrip('/')}/chat/completions",
            host=self.host,
            model=self.name,
            is_local=self.is_local,
            key_env=self.key_env,
            needs_key=self.key_env != KEY,
            timeout_s=self.timeout_s,
        )
        return Client(server, slots=self.slots, tries=self.tries, ceiling=self.ceiling)

    @property
    def sent_to(self) -> str:
        """The host, if it is another machine."""
        return "" if self.is_local else self.host

    @property
    def longest_text(self) -> int:
        """The characters of a text that are sent."""
        return self.max_characters

    def longest_answer(self, request: Request) -> int:
        """Returns the tokens that are asked for at most."""
        return wire.most_tokens(request)

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Returns what this many tokens cost at the prices given."""
        return self.ceiling.cost(tokens_in, tokens_out)

    @property
    def ceiling(self) -> Ceiling:
        """What a run may spend."""
        return Ceiling(
            max_calls=self.max_calls,
            max_cost=self.max_cost,
            price_in=self.price_in,
            price_out=self.price_out,
        )

    def complete(
        self, requests: Sequence[Request], model: Client[Completion]
    ) -> list[Outcome]:
        """Returns the outcomes in order."""
        found = dict(self.stream(requests, model))
        return [found[place] for place in range(len(requests))]

    def stream(
        self, requests: Sequence[Request], model: Client[Completion]
    ) -> Iterator[tuple[int, Outcome]]:
        """Yields answers as they come."""
        start = 0
        while model.takes_logprobs is None and start < len(requests):
            if not requests[start].choices:
                break
            yield start, self._first(requests[start], model)
            start += 1
        for place, outcome in self._asked(requests[start:], model):
            yield start + place, outcome

    def _first(self, request: Request, model: Client[Completion]) -> Outcome:
        """Returns the outcome of a closed question, and notes if logprobs are taken."""
        ((_, outcome),) = self._asked([request], model)
        if not isinstance(outcome, RefusedError):
            model.takes_logprobs = True
            return outcome
        model.takes_logprobs = False
        ((_, bare),) = self._asked([request], model)
        if isinstance(bare, RefusedError):
            model.takes_logprobs = None  # the server may refuse only this text
        return bare

    def _asked(
        self, requests: Sequence[Request], model: Client[Completion]
    ) -> Iterator[tuple[int, Outcome]]:
        opened, spending = account(), model.spending
        questions = [self._question(request, model) for request in requests]
        for place, outcome, calls, cost in model.ask(
            questions, is_kept=opened.journal is not None
        ):
            opened.spend(calls, cost)
            if not self.is_local:
                said = sum(len(each.content) for each in requests[place].messages)
                opened.send(self.host, calls * said)
            if opened.journal is not None and spending.is_bounded:
                spending.note_elsewhere(*opened.journal.elsewhere())
            if not isinstance(outcome, StoppedError):
                yield place, outcome

    def _question(
        self, request: Request, model: Client[Completion]
    ) -> Question[Completion]:
        ceiling, logprobs = model.spending.ceiling, model.takes_logprobs is not False
        body = wire.body_of(request, self.name, self.body, logprobs=logprobs)
        used = wire.guess(body)
        at_most = ceiling.cost(used.tokens_in, wire.most_tokens(request))
        read = partial(_read, request=request, sent=body, ceiling=ceiling)
        return Question(body, read, at_most)


def _read(
    content: bytes, request: Request, sent: bytes, ceiling: Ceiling
) -> tuple[Completion, float]:
    answer = wire.read_answer(content, request, sent)
    return answer, ceiling.cost(answer.tokens_in, answer.tokens_out)


def _host_of(url: str) -> str:
    """Returns the host of a URL, in lower case.

    Raises:
      UsageError: it is not the URL of a server, or it contains a password.
    """
    if re.search(r"[@?#]", url):
        raise UsageError(
            "`url` must have no password, query or fragment; put the key into the "
            f"environment variable {KEY}"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(
            "`url` must be like http://localhost:8000/v1 or https://HOST/v1, got "
            f"{url!r}"
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_private(batch: pa.RecordBatch) -> pa.Array:
    marks = pa.array(PRIVATE_VISIBILITIES)
    private = pc.is_in(batch.column("visibility"), value_set=marks)
    direct = pc.is_in(batch.column("kind"), value_set=pa.array(_DIRECT))
    return pc.or_(private, direct)
