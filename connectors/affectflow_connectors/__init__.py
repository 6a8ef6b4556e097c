"""Sources and sinks of affectflow, registered like those of any plugin."""
