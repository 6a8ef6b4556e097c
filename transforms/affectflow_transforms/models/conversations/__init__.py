"""Models that label whole conversations from another annotator's answers."""
