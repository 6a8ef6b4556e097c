"""Mail: mailboxes, and files of one message."""
