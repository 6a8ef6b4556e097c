"""Stack Exchange: the dump, plain or packed, and pages of the API."""
