"""The layers of the reference's encoder, as it builds them: one small operation after another.

Queries, keys and values have a product each, attention is two products with an explicit softmax
between them, and GELU is written out. Fusing any of it would measure something else.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sizes import ModelSize

LAYER_NORM_EPSILON = 1e-12


def gelu(x: Tensor) -> Tensor:
    """GELU by the error function, spelled out: five kernels, as the published code has."""
    return x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))


class Gelu(nn.Module):
    """`gelu` where a layer is wanted."""

    def forward(self, x: Tensor) -> Tensor:
        return gelu(x)


def layer_norm(width: int) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps=LAYER_NORM_EPSILON)


class Attention(nn.Module):
    """Of one sequence to another or to itself, without the output's product."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.heads = size.heads
        self.query = nn.Linear(size.hidden, size.hidden)
        self.key = nn.Linear(size.hidden, size.hidden)
        self.value = nn.Linear(size.hidden, size.hidden)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, hidden: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        query = self._by_head(self.query(hidden))
        key = self._by_head(self.key(context))
        value = self._by_head(self.value(context))
        scores = torch.matmul(query, key.transpose(-1, -2))
        scores = scores / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores + mask
        shares = self.dropout(torch.softmax(scores, dim=-1))
        mixed = torch.matmul(shares, value)
        return mixed.permute(0, 2, 1, 3).contiguous().flatten(2)

    def _by_head(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        heads = x.view(batch, length, self.heads, width // self.heads)
        return heads.permute(0, 2, 1, 3)


class Residual(nn.Module):
    """A product, dropout, and the LayerNorm of the sum with what went in before."""

    def __init__(self, width: int, size: ModelSize) -> None:
        super().__init__()
        self.dense = nn.Linear(width, size.hidden)
        self.norm = layer_norm(size.hidden)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        return self.norm(self.dropout(self.dense(x)) + before)


class AttentionBlock(nn.Module):
    """Attention and its output."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.attention = Attention(size)
        self.output = Residual(size.hidden, size)

    def forward(self, hidden: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        return self.output(self.attention(hidden, context, mask), hidden)


class FeedForward(nn.Module):
    """The two products with GELU between them."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.inner = nn.Linear(size.hidden, size.intermediate)
        self.output = Residual(size.intermediate, size)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(gelu(self.inner(x)), x)


class Layer(nn.Module):
    """A language or vision layer."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.attention = AttentionBlock(size)
        self.feed_forward = FeedForward(size)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.feed_forward(self.attention(x, x, mask))


class CrossLayer(nn.Module):
    """A cross-modality layer.

    Both directions of cross-attention read the layer's inputs and share their weights, but are two
    calls. The last layer's vision side is computed even where nothing reads it.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.cross = AttentionBlock(size)
        self.language_attention = AttentionBlock(size)
        self.vision_attention = AttentionBlock(size)
        self.language_feed_forward = FeedForward(size)
        self.vision_feed_forward = FeedForward(size)

    def forward(self, language: Tensor, vision: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        attended_language = self.cross(language, vision, None)
        attended_vision = self.cross(vision, language, mask)
        language = self.language_attention(attended_language, attended_language, mask)
        vision = self.vision_attention(attended_vision, attended_vision, None)
        return self.language_feed_forward(language), self.vision_feed_forward(vision)
