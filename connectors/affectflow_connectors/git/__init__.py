"""Git: messages of commits, out of logs, streams, patches, repositories and JSON."""
