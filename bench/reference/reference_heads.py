"""The reference's heads and losses: answers of VQA, and everything that pre-training predicts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from batches import MASKED_SHARE, Batch
from reference_layers import Gelu, layer_norm
from reference_model import Encoder, initialise
from sizes import ModelSize

IGNORED_LABEL = -1
REGION_LOSS_FACTOR = 1 / MASKED_SHARE


def answer_head(size: ModelSize, num_answers: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(size.hidden, 2 * size.hidden),
        Gelu(),
        layer_norm(2 * size.hidden),
        nn.Linear(2 * size.hidden, num_answers),
    )


def transform(size: ModelSize) -> nn.Sequential:
    """What words and regions go through before they are predicted."""
    return nn.Sequential(nn.Linear(size.hidden, size.hidden), Gelu(), layer_norm(size.hidden))


class QuestionAnswering(nn.Module):
    """The encoder with VQA's head."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.encoder = Encoder(size)
        self.answers = answer_head(size, size.answers)
        initialise(self)

    def forward(self, batch: Batch) -> Tensor:
        _, _, pooled = self.encoder(batch)
        return self.answers(pooled)


class PreTraining(nn.Module):
    """The encoder with all heads of pre-training.

    Every place is predicted, also those whose label is ignored: so does the reference.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.encoder = Encoder(size)
        self.word_bias = nn.Parameter(torch.zeros(size.vocabulary))
        self.word_transform = transform(size)
        self.matched = nn.Linear(size.hidden, 2)
        self.region_transform = transform(size)
        self.objects = nn.Linear(size.hidden, size.objects)
        self.attributes = nn.Linear(size.hidden, size.attributes)
        self.features = nn.Linear(size.hidden, size.feature)
        self.answers = answer_head(size, size.pretraining_answers)
        initialise(self)

    def forward(self, batch: Batch) -> Tensor:
        """Masked words, matching, objects, attributes, features and answers: six losses."""
        language, vision, pooled = self.encoder(batch)
        decoder = self.encoder.embeddings.words.weight
        words = functional.linear(self.word_transform(language), decoder)
        regions = self.region_transform(vision)
        losses = [
            cross_entropy(words + self.word_bias, batch["word_labels"]),
            cross_entropy(self.matched(pooled), batch["matched"]),
            class_loss(self.objects(regions), batch["objects"], batch["object_confidences"]),
            class_loss(
                self.attributes(regions),
                batch["attributes"],
                batch["attribute_confidences"],
            ),
            feature_loss(self.features(regions), batch["feature_targets"], batch["feature_mask"]),
            cross_entropy(self.answers(pooled), batch["answers"]),
        ]
        return torch.stack([loss.float() for loss in losses])


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over labels that are not ignored."""
    return functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORED_LABEL
    )


def class_loss(logits: Tensor, labels: Tensor, confidences: Tensor) -> Tensor:
    """Weighted by the detector's confidence; the mean is over all regions, not only hidden ones."""
    losses = functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
    return (losses * confidences.flatten()).mean() * REGION_LOSS_FACTOR


def feature_loss(predicted: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Of hidden regions, as a mean over all."""
    losses = functional.smooth_l1_loss(predicted, targets, reduction="none")
    return (losses.mean(dim=-1) * mask).mean() * REGION_LOSS_FACTOR


def soft_answer_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """VQA's loss: binary cross-entropy, its mean times the number of answers."""
    loss = functional.binary_cross_entropy_with_logits(logits, targets)
    return loss * logits.shape[-1]
