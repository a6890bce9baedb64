"""Losses of implicit feedback: the item of each row against items that were drawn for it."""

import math

import torch
from torch.nn.functional import softplus

from cfbench.plugin import NoParams

LogQ = tuple[torch.Tensor, torch.Tensor]


class BCE:
    """Binary cross-entropy of sigmoid(score): target 1 for the row's item, 0 for drawn ones; mean over all of them.

    He et al.: Neural collaborative filtering. WWW 2017, equation 7.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def __call__(self, positive: torch.Tensor, negative: torch.Tensor, log_q: LogQ) -> torch.Tensor:
        """Return the loss, a scalar, of scores (B,) and (B, n)."""
        return (softplus(-positive).sum() + softplus(negative).sum()) / (positive.numel() + negative.numel())


class BPR:
    """mean(-log sigmoid(positive - negative)).

    Rendle et al.: BPR: Bayesian personalized ranking from implicit feedback. UAI 2009.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def __call__(self, positive: torch.Tensor, negative: torch.Tensor, log_q: LogQ) -> torch.Tensor:
        """Return the loss, a scalar, of scores (B,) and (B, n)."""
        return softplus(negative - positive[:, None]).mean()


class SampledSoftmax:
    """-log softmax of the row's item, the sum over all other items estimated by drawn ones: exp(score) / (n q).

    The correction by log(n q) makes the estimate of the sum unbiased whatever the sampler (Bengio, Senécal: Adaptive
    importance sampling, 2008; Yi et al.: Sampling-bias-corrected neural modeling, RecSys 2019). The row's own item is
    no drawn one and is not corrected.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def __call__(self, positive: torch.Tensor, negative: torch.Tensor, log_q: LogQ) -> torch.Tensor:
        """Return the loss, a scalar, of scores (B,) and (B, n)."""
        corrected = negative - log_q[1] - math.log(negative.shape[1])
        return (torch.logsumexp(torch.cat([positive[:, None], corrected], 1), 1) - positive).mean()
