"""Sources and sinks of affectflow, registered as any plugin's are."""
