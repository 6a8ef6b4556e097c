"""SS3: texts by what their words say of each label, word by word and post by post."""
