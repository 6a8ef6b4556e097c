"""What answering one part costs, and the journal that stores answers.

A stage opens an account around a part: questions to models inside are counted there,
  and so is progress. If none is open, nothing is counted or stored.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from affectflow.kinds.asking import Completion, Outcome, Request

WITHOUT_LOGPROBS = "answers_without_logprobs"
"""Counts closed questions answered in words: they have a label but no score."""

Stream = Callable[[Sequence[Request]], Iterator[tuple[int, Outcome]]]
"""Yields the place and outcome of each request as they arrive."""


class Spent(NamedTuple):
    """Calls, and what they cost."""

    calls: int = 0
    cost: float = 0.0


class Fault(NamedTuple):
    """Why a file yielded nothing.

    Attributes:
      name: its counter, such as `no_cue_damaged_recording`.
      message: why, in one line that names the file.
      version: distinguishes the file from a replacement; empty if it is gone.
    """

    name: str
    message: str
    version: str


class Journal(Protocol):
    """Stores the answers of one model, under the digests of its requests."""

    def known(self, digests: Sequence[str]) -> Mapping[str, Completion]:
        """Returns the answers that it has."""
        ...

    def keep(self, digest: str, completion: Completion, about: Sequence[str]) -> None:
        """Stores an answer soon.

        Args:
          digest: of the request.
          completion: the answer.
          about: ids of the utterances that the request shows.
        """
        ...

    def spend(self, spent: Spent) -> None:
        """Records calls of this process, for the others of the run."""
        ...

    def elsewhere(self) -> Spent:
        """Returns what other processes of the run have spent, as far as is known."""
        ...


@dataclass
class Account:
    """What asking cost, and what was counted.

    Args:
      journal: where answers are stored; None if there is no journal.
      counts: whole numbers by name: `questions`, one per row and step of a prompt;
        `distinct`, those that are not equal to another of the part; `kept_answers`,
        distinct ones that the journal had; `calls`, the others and those asked again;
        `tokens_in` and `tokens_out` of calls; `characters_sent` to another machine.
      cost: of the calls, in the currency of the prices.
      sent_to: the other machine.
      shown: ids of the utterances that the model was shown.
      tallied: what no row says, such as rows that were guarded: it goes into
        `runs.counters`. Statuses are counted from the rows.
      faults: files that gave nothing, by their addresses.
      watcher: called with the share of the part that is done, 0..1, from any thread.
      span: the shares between which the present step takes the part.
    """

    journal: Journal | None = None
    counts: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0
    sent_to: str = ""
    shown: set[str] = field(default_factory=set)
    tallied: Counter[str] = field(default_factory=Counter)
    faults: dict[str, Fault] = field(default_factory=dict)
    watcher: Callable[[float], None] | None = None
    span: tuple[float, float] = (0.0, 1.0)

    def add(self, **counts: int) -> None:
        """Adds to the counts."""
        self.counts.update(counts)

    def tally(self, name: str, n: int = 1) -> None:
        """Adds to what is tallied."""
        if n:
            self.tallied[name] += n

    def fault(self, uri: str, fault: Fault) -> None:
        """Counts a file that yielded nothing, once, and stores the reason."""
        if uri not in self.faults:
            self.tally(fault.name)
            self.faults[uri] = fault

    def reached(self, share: float) -> None:
        """Reports the share of the current step that is done, 0..1."""
        if self.watcher is not None:
            low, high = self.span
            self.watcher(low + (high - low) * share)

    @contextmanager
    def within(self, low: float, high: float) -> Iterator[None]:
        """Maps the progress inside to a share of the current step."""
        start, end = self.span
        width = end - start
        self.span = start + width * low, start + width * high
        try:
            yield
        finally:
            self.span = start, end

    def spend(self, calls: int, cost: float = 0.0) -> None:
        """Counts calls, and what they cost."""
        self.add(calls=calls)
        self.cost += cost
        if self.journal is not None:
            self.journal.spend(Spent(calls, cost))

    def send(self, host: str, characters: int) -> None:
        """Counts what is sent to another machine."""
        self.sent_to = host
        self.add(characters_sent=characters)

    def known(self, requests: Sequence[Request]) -> dict[Request, Outcome]:
        """Returns the answers that the journal has."""
        if self.journal is None or not requests:
            return {}
        digests = {request: request.digest for request in requests}
        kept = self.journal.known(list(digests.values()))
        return {r: kept[digest] for r, digest in digests.items() if digest in kept}

    def note(self, request: Request, outcome: Outcome, about: Sequence[str]) -> None:
        """Counts the outcome of a request, and stores an answer.

        Args:
          request: that the model was asked.
          outcome: what came.
          about: ids of the utterances that the request shows.
        """
        self.shown.update(about)
        if isinstance(outcome, Exception):
            return
        self.add(tokens_in=outcome.tokens_in, tokens_out=outcome.tokens_out)
        if self.journal is not None:
            self.journal.keep(request.digest, outcome, about)

    def asked(self) -> dict[str, float]:
        """Returns the counts by name, with `cost` and `rows_sent`; no zeros."""
        sent = len(self.shown) if self.sent_to else 0
        found = {**self.counts, "cost": self.cost, "rows_sent": sent}
        return {name: count for name, count in found.items() if count}


_OPEN: ContextVar[Account | None] = ContextVar("affectflow_account", default=None)


def account() -> Account:
    """Returns the account that is open in this thread, or one that is not read."""
    return _OPEN.get() or Account()


@contextmanager
def open_account(journal: Journal | None = None) -> Iterator[Account]:
    """Opens an account for questions asked in this thread."""
    opened = Account(journal)
    token = _OPEN.set(opened)
    try:
        yield opened
    finally:
        _OPEN.reset(token)


@contextmanager
def at_hand() -> Iterator[Account]:
    """Yields the account that is open in this thread; opens one if none is."""
    opened = _OPEN.get()
    if opened is not None:
        yield opened
        return
    with open_account() as opened:
        yield opened


def answered(
    stream: Stream, requests: Sequence[Request], about: Sequence[Sequence[str]]
) -> list[Outcome]:
    """Returns the outcome of each request, in order.

    All requests of an `Asker` come through here: those of one step for all rows of a
    part together, up to 50,000. Equal ones are asked once, and those that the journal
    has an answer to are not asked.

    Args:
      stream: asks the model distinct requests.
      requests: of one step.
      about: for each, ids of the utterances that it shows.
    """
    opened, shown = account(), _together(requests, about)
    outcomes = opened.known(list(shown))
    new = [request for request in shown if request not in outcomes]
    opened.add(questions=len(requests), distinct=len(shown), kept_answers=len(outcomes))
    for done, (place, outcome) in enumerate(stream(new), 1):
        request = new[place]
        opened.reached(done / len(new))
        opened.note(request, outcome, list(shown[request]))
        outcomes[request] = outcome
    found = [outcomes[request] for request in requests]
    bare = sum(_has_no_scores(*both) for both in zip(found, requests, strict=True))
    opened.tally(WITHOUT_LOGPROBS, bare)
    return found


def _together(
    requests: Sequence[Request], about: Sequence[Sequence[str]]
) -> dict[Request, dict[str, None]]:
    """Returns the distinct requests, in order, each with all that it shows."""
    shown: dict[Request, dict[str, None]] = {}
    for request, ids in zip(requests, about, strict=True):
        shown.setdefault(request, {}).update(dict.fromkeys(ids))
    return shown


def _has_no_scores(outcome: Outcome, request: Request) -> bool:
    if isinstance(outcome, Exception):
        return False
    return bool(request.choices) and outcome.scores is None
