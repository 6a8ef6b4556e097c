"""How right the embedded annotators are: the page docs/quality.md, and a frozen sample.

python -m tests.quality                        writes docs/quality.md
python -m tests.quality.groups                 writes for whom the weights err
python -m tests.quality.frozen --because WHY   writes the labels of the frozen sample
"""
