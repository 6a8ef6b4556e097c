"""Models over the answers of another annotator, about whole conversations."""
