"""IRC: logs that clients and bots write, and logs in that format."""
