"""What the rules know: words of emotion, of trouble, of cause. Data and no logic.

Written for affectflow from general knowledge; no list of anybody's was copied.
"""
