"""Word lists of the rules: emotion, trouble, cause. Data without logic.

Written for affectflow from general knowledge; not copied from any other list.
"""
