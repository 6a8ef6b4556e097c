"""FacetedRasch: what is rated, and how severely each rater rates, on one scale."""

from typing import Literal

Way = Literal["marginal", "conditional"]
"""How a fit does without knowing persons."""
