"""Replies by an encoder that is told the emotion of each message."""
