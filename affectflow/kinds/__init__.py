"""The contract, one file per kind of plugin. Plugins import from here."""
