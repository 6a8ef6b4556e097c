"""The contract: one file a kind of plugin. Plugins import from here."""
