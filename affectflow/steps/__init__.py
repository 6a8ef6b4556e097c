"""The transforms that host plugins."""
