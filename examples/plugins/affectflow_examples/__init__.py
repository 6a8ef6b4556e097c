"""One small plugin of each kind."""
