"""The steps of a training of Instruct: which rows are together in one."""

import numpy as np

from affectflow_transforms.finetune import loop
from affectflow_transforms.instruct.train import Instruct
from tests.given.toy_instruction import write_prompt


def test_steps_of_few_rows_have_both_labels_where_length_tells_the_label(tmp_path):
    lengths, rows = np.repeat([10, 20], 80), np.arange(160)

    trainer = Instruct(base=str(tmp_path), prompt=write_prompt(tmp_path))
    together = trainer._together(len(rows))
    found = loop.batches(lengths, rows, 8, 0, 0, together)

    assert all(len(np.unique(lengths[batch])) == 2 for batch in found)
    assert trainer._together(100_000) == loop.SORTED_TOGETHER
