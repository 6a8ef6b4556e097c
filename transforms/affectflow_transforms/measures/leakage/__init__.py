"""How much each side of a conversation gives away of its label."""
