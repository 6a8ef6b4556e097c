"""How each rater uses a scale: a factor and an offset on top of a common value."""
