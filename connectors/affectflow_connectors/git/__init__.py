"""Git: commit messages from logs, streams, patches, repositories and JSON."""
