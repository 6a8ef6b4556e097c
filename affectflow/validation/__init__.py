"""Validation: what people answer on a sample, and what may be claimed from it.

`sampling` draws utterances with known probabilities, `sheets` and `page` write them
down to be labelled, `reading` and `answers` bring answers into the lake, `truth` says
what people decided, `weighing` for how many messages, `outdated` what no longer holds;
`judging` compares annotators with it. The statistics are plain
numpy: `agreement`, `accuracy`, `prevalence`, `bootstrap`. Never imports Beam.
"""
