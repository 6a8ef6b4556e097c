"""Sources and sinks of affectflow, registered as anybody's are."""
