"""Mattermost: bulk exports, pages of the API, events."""
