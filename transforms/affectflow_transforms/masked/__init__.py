"""MaskedLanguage: an encoder that reads on, with words of a lexicon masked more."""
