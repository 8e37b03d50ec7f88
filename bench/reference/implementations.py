"""What is compared: the reference's model and Hugging Face's, behind one face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from batches import Batch
from bert_adam import BertAdam
from reference_heads import PreTraining, QuestionAnswering
from sizes import ModelSize

FINETUNING_RATE = 5e-5
PRETRAINING_RATE = 1e-4


class Implementation(ABC):
    """A model with random weights and the optimizer that it is published with."""

    module: nn.Module
    """The model itself, never the compiled one: it has the parameters."""

    reads_back_each_step: bool
    """Whether training copies predictions or losses to the host after every step."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.callable: Any = module

    def compile(self, mode: str) -> None:
        """Has `torch.compile` make the forward and backward passes from here on."""
        self.callable = torch.compile(self.module, mode=mode)

    @abstractmethod
    def answer_logits(self, batch: Batch) -> Tensor: ...

    @abstractmethod
    def pretraining_losses(self, batch: Batch) -> Tensor:
        """One loss, or several that are to be added."""

    @abstractmethod
    def optimizer(
        self, learning_rate: float, total_steps: int, warm_up: float
    ) -> torch.optim.Optimizer: ...


class Reference(Implementation):
    """The structure, the optimizer and the read-backs of the published code."""

    reads_back_each_step = True

    def __init__(self, work: str, size: ModelSize) -> None:
        super().__init__((PreTraining if work == "pretrain" else QuestionAnswering)(size))

    def answer_logits(self, batch: Batch) -> Tensor:
        return self.callable(batch)

    def pretraining_losses(self, batch: Batch) -> Tensor:
        return self.callable(batch)

    def optimizer(
        self, learning_rate: float, total_steps: int, warm_up: float
    ) -> torch.optim.Optimizer:
        return BertAdam(self.module.parameters(), learning_rate, total_steps, warm_up)


def make_implementation(name: str, work: str, size: ModelSize) -> Implementation:
    """The implementation of that name.

    Raises ImportError where its packages are missing: only Hugging Face's needs transformers.
    """
    if name == "reference":
        return Reference(work, size)
    from huggingface_model import HuggingFace

    return HuggingFace(work, size)
