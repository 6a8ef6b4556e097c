"""What a run may spend at a server, and what it has spent."""

import asyncio
from dataclasses import dataclass, field

from affectflow_transforms.models.endpoint.failures import PausedError

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What a run may spend; 0 means no limit.

    Args:
      max_calls: number of requests, repeated ones included.
      max_cost: money, in the currency of the prices.
      price_in: the price of a million tokens of questions.
      price_out: the price of a million tokens of answers.
    """

    max_calls: int = 0
    max_cost: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Returns what this many tokens cost."""
        price = tokens_in * self.price_in + tokens_out * self.price_out
        return price / _MILLION


@dataclass
class Spending:
    """What one process has spent, and what the others of the run have.

    A request is sent only if the most that it may cost, together with all requests
    under way, stays below the ceiling. To be used in one event loop.

    Args:
      ceiling: the ceiling of the run.
      calls: requests sent by this process.
      cost: cost of the answers that this process received.
      calls_elsewhere: requests sent by the other processes, as far as is known.
      cost_elsewhere: cost of the answers that those received.
    """

    ceiling: Ceiling
    calls: int = 0
    cost: float = 0.0
    calls_elsewhere: int = 0
    cost_elsewhere: float = 0.0
    _under_way: float = 0.0
    _returned: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_bounded(self) -> bool:
        """Whether there is a ceiling."""
        return bool(self.ceiling.max_calls or self.ceiling.max_cost)

    def note_elsewhere(self, calls: int, cost: float) -> None:
        """Records what the other processes of the run have spent."""
        self.calls_elsewhere, self.cost_elsewhere = calls, cost

    async def let_go(self, at_most: float) -> None:
        """Waits until a request that costs at most this much may be sent.

        Raises:
          PausedError: the ceiling is reached.
        """
        most = self.ceiling
        while most.max_cost and self._spent() + self._under_way + at_most > (
            most.max_cost
        ):
            if not self._under_way:
                raise _reached("max_cost", most.max_cost, self._spent())
            self._returned.clear()
            await self._returned.wait()
        sent = self.calls + self.calls_elsewhere
        if most.max_calls and sent >= most.max_calls:
            raise _reached("max_calls", most.max_calls, sent)
        self.calls += 1
        self._under_way += at_most

    def came_back(self, at_most: float, cost: float) -> None:
        """Records the cost of a request that was sent."""
        self._under_way = max(0.0, self._under_way - at_most)
        self.cost += cost
        self._returned.set()

    def _spent(self) -> float:
        return self.cost + self.cost_elsewhere


def _reached(name: str, ceiling: float, spent: float) -> PausedError:
    return PausedError(
        f"the ceiling `{name}` of {ceiling:,g} is reached ({spent:,g} spent): raise it "
        f"with --set {name}=N"
    )
