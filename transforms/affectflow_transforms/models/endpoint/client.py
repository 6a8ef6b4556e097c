"""Many questions at once to one server: an event loop in its own thread."""

import asyncio
import queue
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from affectflow.errors import StoppedError
from affectflow_transforms.models.endpoint import failures
from affectflow_transforms.models.endpoint.connection import Connection, connections
from affectflow_transforms.models.endpoint.failures import (
    AgainError,
    PausedError,
    UnansweredError,
)
from affectflow_transforms.models.endpoint.server import Server
from affectflow_transforms.models.endpoint.spending import Ceiling, Spending

AnswerT = TypeVar("AnswerT")

_IN_VAIN = 8
"""Unanswered questions in a row after which no answer is expected."""
_TRIES_AT_FIRST = 2
"""A server that never answered is not waited for: it must be started first."""


class Question(NamedTuple, Generic[AnswerT]):
    """A request's body, and how its answer is read.

    Attributes:
      body: the body as it is sent.
      read: returns what the bytes of an answer mean and what it cost; raises
        UnansweredError if they are not an answer.
      at_most: the most that it may cost.
    """

    body: bytes
    read: Callable[[bytes], tuple[AnswerT, float]]
    at_most: float = 0.0


class Answered(NamedTuple, Generic[AnswerT]):
    """The outcome of a question.

    Attributes:
      place: the place of the question.
      outcome: its answer, or why it has none.
      calls: number of requests that it took.
      cost: the cost of the answer.
    """

    place: int
    outcome: AnswerT | Exception
    calls: int
    cost: float


@dataclass
class _Tally:
    """Attempts and time of one question so far."""

    calls: int = 0
    cost: float = 0.0


class Client(Generic[AnswerT]):
    """Asks one server, for all threads of a process.

    Args:
      server: the server to ask.
      slots: number of requests at once.
      tries: number of attempts per question.
      ceiling: the most that a run may spend.

    Raises:
      MissingExtraError: httpx is not installed.
      UsageError: the key is missing.
    """

    def __init__(
        self, server: Server, *, slots: int, tries: int, ceiling: Ceiling | None = None
    ):
        self.server = server
        self.spending = Spending(ceiling or Ceiling())
        self.takes_logprobs: bool | None = None  # nobody has asked yet
        self._slots, self._tries = slots, tries
        self._key = server.key()
        self._leave_until = 0.0
        self._in_vain, self._n_answers = 0, 0
        self._is_there = False
        self._stopped: StoppedError | None = None
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in connections(server, self._key, slots):
            self._free.put_nowait(connection)
        self._loop = asyncio.new_event_loop()
        self._begin()

    def _begin(self) -> None:
        loop = self._loop
        thread = threading.Thread(
            target=loop.run_forever, name="affectflow-endpoint", daemon=True
        )
        thread.start()
        # The thread holds only the loop: it ends when the client is garbage collected.
        weakref.finalize(self, loop.call_soon_threadsafe, loop.stop)

    def ask(
        self, questions: Sequence[Question[AnswerT]], *, is_kept: bool = True
    ) -> Iterator[Answered[AnswerT]]:
        """Yields the outcome of each question, as the server answers.

        Args:
          questions: any number.
          is_kept: whether the caller keeps the answers even if it fails.

        Raises:
          StoppedError: no more questions can be answered; answers to those under way
            were yielded first.
        """
        came: queue.SimpleQueue[Answered[AnswerT] | None] = queue.SimpleQueue()
        asking = self._ask_all(questions, came)
        future = asyncio.run_coroutine_threadsafe(asking, self._loop)
        try:
            while (found := came.get()) is not None:
                yield found
            future.result()
            self._check(is_kept)
        finally:
            future.cancel()

    async def _ask_all(self, questions: Sequence[Question[AnswerT]], came: Any) -> None:
        left = iter(enumerate(questions))

        async def take() -> None:
            for place, question in left:
                if self._stopped:
                    break
                tally = _Tally()
                outcome = await self._outcome(question, tally)
                came.put(Answered(place, outcome, tally.calls, tally.cost))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._slots, len(questions))):
                    group.create_task(take())
        finally:
            came.put(None)

    def _check(self, is_kept: bool) -> None:
        """Raises StoppedError if the run ends, and says what has been stored."""
        if self._stopped is None:
            return
        said = str(self._stopped)
        if isinstance(self._stopped, PausedError):
            said = f"{said}; {failures.go_on(self._n_answers, is_kept=is_kept)}"
        raise StoppedError(said)

    async def _outcome(
        self, question: Question[AnswerT], tally: _Tally
    ) -> AnswerT | Exception:
        connection = await self._free.get()
        try:
            answer = await self._tried(connection, question, tally)
        except StoppedError as error:
            self._stopped = self._stopped or error
            return error
        except UnansweredError as error:
            self._note_in_vain(error)
            return error
        finally:
            self._free.put_nowait(connection)
        self._in_vain = 0
        self._n_answers += 1
        return answer

    def _note_in_vain(self, error: Exception) -> None:
        self._in_vain += 1
        if self._in_vain >= _IN_VAIN and not self._stopped:
            self._stopped = PausedError(
                f"{self._in_vain} questions in a row got no answer, the last because "
                f"{error}"
            )

    async def _tried(
        self, connection: Connection, question: Question[AnswerT], tally: _Tally
    ) -> AnswerT:
        """Returns the answer to a question, which is asked again where that may help.

        Raises:
          UnansweredError, StoppedError: no answer came.
        """
        tries = 0
        while True:
            if self._stopped:
                raise StoppedError(str(self._stopped))
            tries += 1
            try:
                return await self._once(connection, question, tally)
            except AgainError as error:
                self._leave(error.wait_s)
                if tries >= self._most_tries(error):
                    raise failures.given_up(error, tries, self.server.at) from error
            await asyncio.sleep(failures.backoff(tries))

    def _most_tries(self, error: AgainError) -> int:
        was_there = self._is_there or not error.is_away
        return self._tries if was_there else min(_TRIES_AT_FIRST, self._tries)

    def _leave(self, seconds: float) -> None:
        """Pauses all requests: a pause the server asks of one slot holds for all."""
        until = self._loop.time() + seconds
        self._leave_until = max(self._leave_until, until)

    async def _once(
        self, connection: Connection, question: Question[AnswerT], tally: _Tally
    ) -> AnswerT:
        wait = self._leave_until - self._loop.time()
        if wait > 0:
            await asyncio.sleep(wait + failures.backoff(1))
        await self.spending.let_go(question.at_most)
        tally.calls += 1
        try:
            status, header, content = await connection.post(question.body)
            self._is_there = True
            if status != 200:
                said = failures.one_line(content.decode("utf-8", "replace"), self._key)
                raise failures.refused(status, said, header, self.server)
            answer, tally.cost = question.read(content)
            return answer
        finally:
            self.spending.came_back(question.at_most, tally.cost)
