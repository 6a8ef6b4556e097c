"""Which circumstances go with an outcome: a linear fit, shared out among factors."""
