import math

import pytest
from affectflow_examples.log_cosh import log_cosh

from affectflow.testing import check_objective

torch = pytest.importorskip("torch")


def test_it_is_the_mean_of_log_cosh():
    loss = log_cosh(torch.tensor([[1.0], [3.0]]), torch.tensor([[1.0], [1.0]]), {})

    assert float(loss) == pytest.approx(math.log(math.cosh(2)) / 2, abs=1e-6)


def test_it_keeps_its_promises():
    check_objective(log_cosh)
