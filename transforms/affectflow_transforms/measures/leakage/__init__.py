"""How much each side of a conversation gives its label away."""
