"""Made-up batches in host memory: the same ones for every implementation, drawn from one seed.

The arithmetic does not depend on the values, so they need not be real; the lengths of the
sentences matter to whoever leaves padding out, and follow `draw_lengths`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sizes import NUM_REGIONS, PADDED_LENGTH, DetectorSize, ModelSize

Batch = dict[str, Tensor]

NUM_BATCHES = 8
"""Batches that the steps take in turn: no step finds its inputs on the device already."""

FIRST_WORD = 5
"""Below that are [PAD] and other special pieces."""

MASK_PIECE = 4
MASKED_SHARE = 0.15


def draw_lengths(count: int, generator: torch.Generator) -> Tensor:
    """Word pieces of each sentence, [CLS] and [SEP] included: 4 + binomial(16, 0.35).

    That is 4 to 20 with a mean of 9.6 (fewer than 5 in one of a thousand), as VQA's questions
    are distributed nearly enough. Whoever compares draws lengths by this rule.
    """
    trials = torch.rand(count, 16, generator=generator) < 0.35
    return 4 + trials.sum(dim=1)


def model_batches(work: str, size: ModelSize, batch_size: int, seed: int) -> list[Batch]:
    """`NUM_BATCHES` batches for fine-tuning, pre-training or inference."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(NUM_BATCHES):
        batch = _inputs(size, batch_size, generator)
        if work == "finetune":
            batch["targets"] = _answer_targets(size.answers, batch_size, generator)
        elif work == "pretrain":
            _hide_and_label(batch, size, generator)
        batches.append(batch)
    return batches


def detector_batches(size: DetectorSize, batch_size: int, seed: int) -> list[Batch]:
    """Images as the network reads them, and regions that stand for what suppression would leave."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(NUM_BATCHES):
        shape = (batch_size, 3, size.height, size.width)
        images = 255 * torch.rand(shape, generator=generator) - 115
        corners = torch.rand(batch_size, size.regions, 2, 2, generator=generator)
        corners = corners.sort(dim=2).values
        batches.append({"images": images, "regions": corners.flatten(2)})
    return batches


def pinned(batches: list[Batch]) -> list[Batch]:
    """The batches in page-locked memory, from which copies to a GPU need not be waited for."""
    return [{name: value.pin_memory() for name, value in batch.items()} for batch in batches]


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on the device. From pinned memory the copies are only queued here."""
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}


def mean_length(batches: list[Batch]) -> float | None:
    """Mean number of pieces, for whoever counts the operations that are needed."""
    masks = [batch["mask"] for batch in batches if "mask" in batch]
    if not masks:
        return None
    return float(torch.cat(masks).sum(dim=1).double().mean())


def _inputs(size: ModelSize, batch_size: int, generator: torch.Generator) -> Batch:
    lengths = draw_lengths(batch_size, generator)
    mask = (torch.arange(PADDED_LENGTH)[None, :] < lengths[:, None]).long()
    words = torch.randint(
        FIRST_WORD, size.vocabulary, (batch_size, PADDED_LENGTH), generator=generator
    )
    shape = (batch_size, NUM_REGIONS)
    corners = torch.rand(*shape, 2, size.box // 2, generator=generator)
    return {
        "words": words * mask,
        "token_types": torch.zeros_like(words),
        "mask": mask,
        "features": torch.rand(*shape, size.feature, generator=generator),
        "boxes": corners.sort(dim=2).values.flatten(2),
    }


def _answer_targets(num_answers: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """Scores of three answers of each question, dense as the reference hands them over."""
    answers = torch.randint(num_answers, (batch_size, 3), generator=generator)
    scores = torch.tensor([[1.0, 0.6, 0.3]]).expand(batch_size, -1)
    return torch.zeros(batch_size, num_answers).scatter_(1, answers, scores)


def _hide_and_label(batch: Batch, size: ModelSize, generator: torch.Generator) -> None:
    """Turns inputs into an example of pre-training: what is hidden, and what is to be predicted.

    Ignored labels are -1. The first sentence has a hidden word and an answer in any case: the
    mean over none would be no number.
    """
    words = batch["words"]
    batch_size = len(words)
    shape = (batch_size, NUM_REGIONS)

    def drawn(below: int, *of_shape: int) -> Tensor:
        return torch.randint(below, of_shape, generator=generator)

    is_hidden = (torch.rand(words.shape, generator=generator) < MASKED_SHARE) & (batch["mask"] == 1)
    is_hidden[0, 1] = True
    batch["word_labels"] = torch.where(is_hidden, words, -1)
    fate = torch.rand(words.shape, generator=generator)
    random_words = drawn(size.vocabulary, *words.shape)
    hidden = torch.where(fate < 0.8, MASK_PIECE, random_words)
    batch["words"] = torch.where(is_hidden & (fate < 0.9), hidden, words)

    features = batch["features"]
    is_hidden = torch.rand(shape, generator=generator) < MASKED_SHARE
    fate = torch.rand(shape, generator=generator)
    others = features.roll(1, dims=0)
    shown = torch.where((is_hidden & (fate >= 0.8))[..., None], others, features)
    shown[is_hidden & (fate < 0.8)] = 0
    is_kept = is_hidden & (fate >= 0.9)
    batch["features"] = torch.where(is_kept[..., None], features, shown)
    batch["feature_targets"] = features
    batch["feature_mask"] = is_hidden.float()

    batch["objects"] = drawn(size.objects, *shape)
    batch["object_confidences"] = torch.rand(shape, generator=generator)
    batch["attributes"] = drawn(size.attributes, *shape)
    batch["attribute_confidences"] = torch.rand(shape, generator=generator)
    batch["matched"] = (torch.arange(batch_size) + 1) % 2
    # Half of the matching sentences are questions, as in the published mixture nearly enough.
    answers = drawn(size.pretraining_answers, batch_size)
    batch["answers"] = torch.where(torch.arange(batch_size) % 4 == 0, answers, -1)
