"""FacetedRasch: what is rated, and who rates it how severely, on one scale."""

from typing import Literal

Way = Literal["marginal", "conditional"]
"""How a fit does without knowing persons."""
