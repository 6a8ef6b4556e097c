"""Which circumstances go with an outcome: a linear fit, divided among factors."""
