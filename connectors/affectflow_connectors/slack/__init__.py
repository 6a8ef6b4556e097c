"""Slack: workspace exports, pages of the Web API, events."""
