"""Hugging Face transformers' LXMERT with random weights: nothing is downloaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import (
    LxmertConfig,
    LxmertForPreTraining,
    LxmertForQuestionAnswering,
)

from batches import Batch
from implementations import Implementation
from sizes import ModelSize

IGNORED_LABEL = -100


class HuggingFace(Implementation):
    """transformers' model with fused AdamW, as one would train it today.

    Nothing is read back after a step: the published training loop has no say here. transformers
    knows one kind of attention for this model, written out, so there is none to choose.
    """

    reads_back_each_step = False

    def __init__(self, work: str, size: ModelSize) -> None:
        is_pretraining = work == "pretrain"
        kind = LxmertForPreTraining if is_pretraining else LxmertForQuestionAnswering
        answers = size.pretraining_answers if is_pretraining else size.answers
        super().__init__(kind(configuration(size, answers)))

    def answer_logits(self, batch: Batch) -> Tensor:
        return self.callable(**self._inputs(batch)).question_answering_score

    def pretraining_losses(self, batch: Batch) -> Tensor:
        """Labels go in pairs with their weights; ignored ones have a number of their own."""
        return self.callable(
            **self._inputs(batch),
            labels=_ignored(batch["word_labels"]),
            matched_label=batch["matched"],
            obj_labels={
                "obj": (batch["objects"], batch["object_confidences"]),
                "attr": (batch["attributes"], batch["attribute_confidences"]),
                "feat": (batch["feature_targets"], batch["feature_mask"]),
            },
            ans=_ignored(batch["answers"]),
        ).loss

    def optimizer(
        self, learning_rate: float, total_steps: int, warm_up: float
    ) -> torch.optim.Optimizer:
        """A constant rate: what a schedule would cost is nothing beside a step."""
        return torch.optim.AdamW(
            self.module.parameters(), lr=learning_rate, weight_decay=0.01, fused=True
        )

    def _inputs(self, batch: Batch) -> dict[str, Any]:
        dtype = next(self.module.parameters()).dtype
        return {
            "input_ids": batch["words"],
            "visual_feats": batch["features"].to(dtype),
            "visual_pos": batch["boxes"].to(dtype),
            "attention_mask": batch["mask"],
            "token_type_ids": batch["token_types"],
        }


def configuration(size: ModelSize, num_answers: int) -> LxmertConfig:
    return LxmertConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        num_attention_heads=size.heads,
        num_qa_labels=num_answers,
        num_object_labels=size.objects,
        num_attr_labels=size.attributes,
        intermediate_size=size.intermediate,
        hidden_dropout_prob=size.dropout,
        attention_probs_dropout_prob=size.dropout,
        max_position_embeddings=size.positions,
        type_vocab_size=size.token_types,
        l_layers=size.language_layers,
        x_layers=size.cross_layers,
        r_layers=size.vision_layers,
        visual_feat_dim=size.feature,
        visual_pos_dim=size.box,
    )


def _ignored(labels: Tensor) -> Tensor:
    return labels.masked_fill(labels < 0, IGNORED_LABEL)
