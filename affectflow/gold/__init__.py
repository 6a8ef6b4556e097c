"""Gold: from people's answers to figures, listed from the bottom up.

`targets` says what is asked, `figures` how accurate answers are, `asking` draws
messages and reads the sheets, `truth` says what people decided, `judging` compares
annotators with it, `calibration` turns scores into probabilities, `evaluation` prints
all figures. Never imports Beam.
"""
