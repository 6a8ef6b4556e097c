"""SS3: texts by what their words say about each label, by word and by post."""
