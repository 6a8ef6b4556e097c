"""FacetedRasch: what is rated, and who rates it how severely, on one scale."""
