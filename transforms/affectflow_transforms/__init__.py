"""Our own transforms, registered like anybody's."""
