"""GitHub: REST lists, web hooks, events and archives."""
