"""The training rows that a model keeps, since its scores are sums over what a user has."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from cfbench.plugin import DataInfo, SparseRows

Values = Literal["one", "rating"]


class KeptRows(nn.Module):
    """Rows by user, in buffers: starts int64 (n_users + 1,), items int32 and values float32 (n_rows,)."""

    starts: torch.Tensor
    items: torch.Tensor
    values: torch.Tensor

    def __init__(self, info: DataInfo) -> None:
        super().__init__()
        self.n_items = info.n_items
        self.register_buffer("starts", torch.zeros(info.n_users + 1, dtype=torch.int64))
        self.register_buffer("items", torch.zeros(info.n_rows, dtype=torch.int32))
        self.register_buffer("values", torch.zeros(info.n_rows))

    def keep(self, rows: SparseRows) -> None:
        """Keep rows, one for each user code; repeated pairs are one, so there may be fewer than training rows."""
        self.starts.copy_(torch.from_numpy(rows.starts))
        self.items[: len(rows.items)] = torch.from_numpy(rows.items)
        self.values[: len(rows.values)] = torch.from_numpy(rows.values)

    def of(self, users: torch.Tensor, values: Values) -> sp.csr_array:
        """Return the rows of some users as a sparse matrix, (n, n_items)."""
        starts = self.starts.cpu().numpy()
        every = SparseRows(starts, self.items.cpu().numpy(), self.values.float().cpu().numpy())
        return matrix(every, self.n_items, values)[users.cpu().numpy()]


def matrix(rows: SparseRows, n_items: int, values: Values) -> sp.csr_array:
    """Return rows as a sparse matrix (n, n_items), of their targets or of ones, float32."""
    n = rows.starts[-1]
    data = np.ones(n, np.float32) if values == "one" else rows.values[:n]
    return sp.csr_array((data, rows.items[:n], rows.starts), shape=(len(rows), n_items))
