"""One step of each kind of work, from a batch in host memory to a result in host memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from batches import Batch, on_device
from detector import DetectorLoad
from implementations import FINETUNING_RATE, PRETRAINING_RATE, Implementation
from precision import casting, gradient_scaler
from reference_heads import soft_answer_loss

Step = Callable[[Batch], Tensor | None]
"""Does the work and returns the loss where there is one."""

FINETUNING_CLIP = 5.0
PRETRAINING_CLIP = 1.0
FINETUNING_WARM_UP = 0.1
PRETRAINING_WARM_UP = 0.05
TOTAL_STEPS = 10_000
"""Of the schedule. Far more than are measured; the first one's rate is 0 as in the reference."""


def training_step(
    implementation: Implementation, work: str, precision: str, device: torch.device
) -> Step:
    """Forward, backward, clipping and the optimizer."""
    is_pretraining = work == "pretrain"
    model = implementation.module.train()
    optimizer = implementation.optimizer(
        PRETRAINING_RATE if is_pretraining else FINETUNING_RATE,
        TOTAL_STEPS,
        PRETRAINING_WARM_UP if is_pretraining else FINETUNING_WARM_UP,
    )
    clip = PRETRAINING_CLIP if is_pretraining else FINETUNING_CLIP
    scaler = gradient_scaler(precision, device)

    def forward(batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss, and what the published loop reads of the step."""
        if is_pretraining:
            losses = implementation.pretraining_losses(batch)
            return losses.sum(), losses.detach()
        logits = implementation.answer_logits(batch)
        loss = soft_answer_loss(logits, batch["targets"])
        return loss, logits.detach()

    def step(host_batch: Batch) -> Tensor:
        batch = on_device(host_batch, device)
        optimizer.zero_grad()
        with casting(precision, device):
            loss, readable = forward(batch)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        scaler.step(optimizer)
        scaler.update()
        if implementation.reads_back_each_step:
            (readable if is_pretraining else readable.argmax(dim=-1)).cpu()
        return loss.detach()

    return step


def inference_step(
    implementation: Implementation,
    context: AbstractContextManager[object],
    device: torch.device,
) -> Step:
    """The forward pass, and the best answers read back."""
    implementation.module.eval()

    def step(host_batch: Batch) -> None:
        batch = on_device(host_batch, device)
        with torch.no_grad(), context:
            logits = implementation.answer_logits(batch)
        logits.argmax(dim=-1).cpu()

    return step


def detection_step(
    model: DetectorLoad,
    context: AbstractContextManager[object],
    device: torch.device,
    compile_mode: str | None,
) -> Step:
    """Images in, features and classes of 36 regions read back."""
    model.eval()
    network = torch.compile(model, mode=compile_mode) if compile_mode else model

    def step(host_batch: Batch) -> None:
        batch = on_device(host_batch, device)
        with torch.no_grad(), context:
            outputs = network(batch["images"], batch["regions"])
        for output in outputs:
            output.cpu()

    return step
