"""The stage ingest: messages into the parts of a lake."""
