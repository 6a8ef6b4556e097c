"""Objectives: what a training makes small.

Each is a function `(output, target, options) -> loss`: tensors of torch and a mapping,
to a tensor without dimensions, the mean over rows. `n` are rows, `k` outputs.
"""

from collections.abc import Mapping
from typing import Any

from affectflow.kinds.objective import fits

Tensor = Any
Options = Mapping[str, Any]

_TINY = 1e-12


# -- labels ----------------------------------------------------------------------------


@fits("one", "pair", "ordinal")
def cross_entropy(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the right one of labels that exclude one another likely.

    -log softmax(output)[target].

    Args:
      output: shape (n, k).
      target: shape (n,), the place of the right label.
      options: `weights`, of each label, shape (k,): the mean is weighted with them.
    """
    from torch.nn import functional

    return functional.cross_entropy(output, target, weight=options.get("weights"))


@fits("several")
def bce(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes each of several labels likely where it is there, by itself.

    Binary cross-entropy of a sigmoid, the mean over rows and labels.

    Args:
      output: shape (n, k).
      target: shape (n, k), 0..1.
      options: `weights`, of a label where it is there, shape (k,).
    """
    from torch.nn import functional

    return functional.binary_cross_entropy_with_logits(
        output, target, pos_weight=options.get("weights")
    )


@fits("one", "pair", "several")
def focal(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes labels likely, most of all those that are not so yet.

    -(1 - p)^gamma log p, with p the probability of what is right: Lin et al. (2017),
    "Focal Loss for Dense Object Detection", equation 4. With gamma 0 it is
    `cross_entropy`, or `bce`.

    Args:
      output: shape (n, k).
      target: shape (n,) as for `cross_entropy`, or (n, k), 0 or 1, as for `bce`.
      options: `gamma`, 2 by default; `weights` as there.
    """
    from torch.nn import functional

    gamma, weights = options.get("gamma", 2.0), options.get("weights")
    if target.dim() == 1:
        right = functional.log_softmax(output, 1).gather(1, target[:, None])[:, 0]
        each = output.new_ones(len(output)) if weights is None else weights[target]
        losses = -each * (1 - right.exp()) ** gamma * right
        return losses.sum() / each.sum()
    right = functional.logsigmoid((2 * target - 1) * output)
    each = 1.0 if weights is None else 1 + target * (weights - 1)
    return (-each * (1 - right.exp()) ** gamma * right).mean()


def distil(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes a student's labels as likely as its teacher's.

    T^2 KL(softmax(target / T) || softmax(output / T)): Hinton et al. (2015),
    "Distilling the Knowledge in a Neural Network", section 2.

    Args:
      output: of the student, shape (n, k).
      target: of the teacher, before the softmax, shape (n, k).
      options: `temperature`, T, 1 by default.
    """
    from torch.nn import functional

    warmth = options.get("temperature", 1.0)
    student = functional.log_softmax(output / warmth, 1)
    teacher = functional.log_softmax(target / warmth, 1)
    found = functional.kl_div(student, teacher, reduction="batchmean", log_target=True)
    return warmth**2 * found


# -- steps of a scale ------------------------------------------------------------------


def soft_labels(target: Tensor, k: int, sigma: float = 0.5) -> Tensor:
    """Returns a distribution over `k` steps for each right one, shape (n, k).

    Proportional to exp(-((step - target) / sigma)^2 / 2).
    """
    import torch

    steps = torch.arange(k, device=target.device, dtype=torch.float64)
    near = torch.exp(-0.5 * ((steps - target[:, None]) / sigma) ** 2)
    return near / near.sum(1, keepdim=True)


@fits("ordinal")
def ordinal_soft(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the right step of a scale likely, and those beside it a little.

    Cross-entropy to `soft_labels`, as HiSTN has them (arXiv 2408.15255; its code).

    Args:
      output: shape (n, k).
      target: shape (n,), the place of the right step.
      options: `sigma`, in steps, 0.5 by default.
    """
    from torch.nn import functional

    soft = soft_labels(target, output.shape[1], options.get("sigma", 0.5))
    return -(soft.to(output) * functional.log_softmax(output, 1)).sum(1).mean()


@fits("ordinal", "items")
def coral(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes it likely that a step is above each one below it, and above no other.

    Sum over thresholds of binary cross-entropy: Cao, Mirjalili and Raschka (2020),
    "Rank consistent ordinal regression", the loss with all weights 1.

    Args:
      output: shape (n, k - 1): of `step > 0`, `step > 1`, ...; of several items, one
        after the other, shape (n, items (k - 1)).
      target: shape (n,), the place of the right step, 0 to k - 1; of several items
        shape (n, items), -1 where one was not rated. Their losses are summed.
      options: none.
    """
    import torch
    from torch.nn import functional

    items = target[:, None] if target.dim() == 1 else target
    steps = output.reshape(*items.shape, -1)
    below = torch.arange(steps.shape[2], device=target.device)
    above = (items[:, :, None] > below).to(output)
    losses = functional.binary_cross_entropy_with_logits(steps, above, reduction="none")
    return (losses.sum(2) * (items >= 0)).sum(1).mean()


# -- values ----------------------------------------------------------------------------


@fits("value")
def mse(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the squared distance of values small, the mean over rows and columns."""
    return ((output - target) ** 2).mean()


@fits("value")
def huber(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the distance of values small; far ones count less than their square.

    Huber (1964): d^2 / 2 up to `delta`, delta (|d| - delta / 2) above it.

    Args:
      output: any shape.
      target: the same.
      options: `delta`, 1 by default.
    """
    from torch.nn import functional

    return functional.huber_loss(output, target, delta=options.get("delta", 1.0))


@fits("value")
def ccc(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the concordance of values high: 1 - CCC, the mean over columns.

    CCC = 2 cov / (var + var + (mean - mean)^2), with moments of the batch divided by n:
    Lin (1989); as an objective, Wagner et al. (2023), arXiv 2203.07378. A column
    without any variance has CCC 0.

    Args:
      output: shape (n, k) or (n,).
      target: the same.
      options: none.
    """
    far = output.mean(0) - target.mean(0)
    one, other = output - output.mean(0), target - target.mean(0)
    spread = (one**2).mean(0) + (other**2).mean(0) + far**2
    return (1 - 2 * (one * other).mean(0) / spread.clamp_min(_TINY)).mean()


@fits("shares")
def shares_mse(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes shares as those of the readers: squared distance after a softmax.

    REDAffectiveLM (2024) fits the votes of readers so.

    Args:
      output: shape (n, k), before the softmax.
      target: shares, shape (n, k).
      options: none.
    """
    return ((output.softmax(1) - target) ** 2).mean()


def vad_mse(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the squared distance of words' values small, where a word has values.

    A target of zeros is a word that the lexicon has not: SEVLM (arXiv 2403.11150).

    Args:
      output: shape (..., 3).
      target: the same.
      options: none.
    """
    known = (target != 0).any(-1)
    if not known.any():
        return output.sum() * 0.0
    return ((output[known] - target[known]) ** 2).mean()


# -- pairs -----------------------------------------------------------------------------


@fits("reward")
def bradley_terry(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the reward of what was chosen higher: -log sigmoid(d).

    Wang et al. (2025), "HelpSteer2-Preference", the regular Bradley-Terry loss.

    Args:
      output: d, the reward of the chosen less that of the rejected, shape (n,).
      target: how strongly it was preferred, above 0, shape (n,); not used.
      options: none.
    """
    from torch.nn import functional

    return -functional.logsigmoid(output).mean()


@fits("reward")
def margin_bt(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes rewards differ by how strongly one was preferred: -log sigmoid(d - m).

    Wang et al. (2025), "HelpSteer2-Preference", the margin loss. Arguments as
    `bradley_terry`.
    """
    from torch.nn import functional

    return -functional.logsigmoid(output - target).mean()


@fits("reward")
def scaled_bt(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes the reward of what was chosen higher, by strength: -m log sigmoid(d).

    Wang et al. (2025), "HelpSteer2-Preference", the scaled loss. Arguments as
    `bradley_terry`.
    """
    from torch.nn import functional

    return -(target * functional.logsigmoid(output)).mean()


def info_nce_pairwise(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes vectors of one row alike across modalities, and unlike those of others.

    The mean over ordered pairs of modalities of -log softmax of cosine / t:
    Franceschini et al. (2022), arXiv 2207.11482.

    Args:
      output: shape (modalities, n, width); made of length 1 here.
      target: shape (modalities, n): which are there; None if all are.
      options: `temperature`, t, 0.07 by default.
    """
    from itertools import permutations

    import torch
    from torch.nn import functional

    vectors = functional.normalize(output, dim=-1)
    losses = []
    for one, other in permutations(range(len(vectors)), 2):
        a, b = vectors[one], vectors[other]
        if target is not None:
            both = target[one].bool() & target[other].bool()
            a, b = a[both], b[both]
        if len(a):
            alike = a @ b.T / options.get("temperature", 0.07)
            right = torch.arange(len(a), device=a.device)
            losses.append(functional.cross_entropy(alike, right))
    return torch.stack(losses).mean() if losses else output.sum() * 0.0


# -- importances and actions -----------------------------------------------------------


def importance_kl(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes a model's factors as important as they should be: KL(target || output).

    arXiv 2402.12398 adds it to the objective of the task.

    Args:
      output: importances of the factors, at least 0, shape (..., k); divided by their
        sum here.
      target: the same.
      options: none.
    """
    import torch

    wanted = target / target.sum(-1, keepdim=True)
    found = (output / output.sum(-1, keepdim=True)).clamp_min(_TINY)
    return (torch.xlogy(wanted, wanted) - torch.xlogy(wanted, found)).sum(-1).mean()


def mmr_linear(output: Tensor, target: Tensor, options: Options) -> Tensor:
    """Makes what an encoder finds linear in an action, but for noise.

    (1 / n^2) sum_ij k(a_i, a_j) <r_i, r_j>, with r what a linear regression of the
    output on the action leaves, and k Gaussian: Rep4Ex, arXiv 2310.04295.

    Args:
      output: shape (n, width).
      target: the action, shape (n, actions).
      options: `bandwidth` of the kernel, 1 by default.
    """
    import torch

    action = target.to(output)
    known = torch.cat([action, torch.ones_like(action[:, :1])], 1)
    left = output - known @ torch.linalg.lstsq(known, output).solution
    near = torch.cdist(action, action) / options.get("bandwidth", 1.0)
    kernel = torch.exp(-0.5 * near**2)
    return (kernel * (left @ left.T)).mean()
