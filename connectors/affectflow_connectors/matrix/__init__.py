"""Matrix: rooms that Element exports, and what servers answer."""
