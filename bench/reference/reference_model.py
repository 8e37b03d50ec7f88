"""The reference's encoder: padded to 20 words and 36 regions, masks added to the scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from batches import Batch
from reference_layers import CrossLayer, Layer, layer_norm
from sizes import ModelSize

MASKED_SCORE = -10000.0
INITIAL_DEVIATION = 0.02


class Embeddings(nn.Module):
    """Words, positions and token types. Row 0 of each gets no gradient, as published."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.words = nn.Embedding(size.vocabulary, size.hidden, padding_idx=0)
        self.positions = nn.Embedding(size.positions, size.hidden, padding_idx=0)
        self.token_types = nn.Embedding(size.token_types, size.hidden, padding_idx=0)
        self.norm = layer_norm(size.hidden)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, words: Tensor, token_types: Tensor) -> Tensor:
        places = torch.arange(words.shape[1], device=words.device)
        positions = self.positions(places[None, :].expand_as(words))
        total = self.words(words) + positions + self.token_types(token_types)
        return self.dropout(self.norm(total))


class VisionInput(nn.Module):
    """The mean of what a region looks like and where it is."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.feature = nn.Linear(size.feature, size.hidden)
        self.feature_norm = layer_norm(size.hidden)
        self.box = nn.Linear(size.box, size.hidden)
        self.box_norm = layer_norm(size.hidden)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        appearance = self.feature_norm(self.feature(features))
        place = self.box_norm(self.box(boxes))
        return self.dropout((appearance + place) / 2)


class Encoder(nn.Module):
    """Language layers, vision layers, cross-modality layers and the pooler."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.embeddings = Embeddings(size)
        self.vision_input = VisionInput(size)
        self.language_layers = _layers(Layer, size.language_layers, size)
        self.cross_layers = _layers(CrossLayer, size.cross_layers, size)
        self.vision_layers = _layers(Layer, size.vision_layers, size)
        self.pooler = nn.Linear(size.hidden, size.hidden)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The states of words and of regions, and the pooled first word."""
        dtype = self.pooler.weight.dtype
        mask = (1 - batch["mask"][:, None, None, :].to(dtype)) * MASKED_SCORE
        language = self.embeddings(batch["words"], batch["token_types"])
        vision = self.vision_input(batch["features"].to(dtype), batch["boxes"].to(dtype))
        for layer in self.language_layers:
            language = layer(language, mask)
        for layer in self.vision_layers:
            vision = layer(vision)
        for layer in self.cross_layers:
            language, vision = layer(language, vision, mask)
        return language, vision, torch.tanh(self.pooler(language[:, 0]))


def initialise(model: nn.Module) -> None:
    """Normal weights, zero biases; LayerNorms stay as they are made."""
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


def _layers(kind: type[nn.Module], count: int, size: ModelSize) -> nn.ModuleList:
    return nn.ModuleList(kind(size) for _ in range(count))
