"""The sizes of the models: the published ones, and tiny ones for a check without a GPU."""

from __future__ import annotations

from dataclasses import dataclass

NUM_REGIONS = 36
"""Regions of an image in the published features."""

PADDED_LENGTH = 20
"""Word pieces that the reference pads every sentence to."""


@dataclass(frozen=True)
class ModelSize:
    """What decides how many operations the model needs. The defaults are the published model."""

    hidden: int = 768
    heads: int = 12
    intermediate: int = 3072
    vocabulary: int = 30522
    positions: int = 512
    token_types: int = 2
    language_layers: int = 9
    vision_layers: int = 5
    cross_layers: int = 5
    feature: int = 2048
    box: int = 4
    answers: int = 3129
    """Answers of VQA; pre-training has a table of its own."""
    pretraining_answers: int = 9500
    objects: int = 1600
    attributes: int = 400
    dropout: float = 0.1


@dataclass(frozen=True)
class DetectorSize:
    """What decides how many operations the detector needs. The defaults are the published one."""

    height: int = 600
    width: int = 1000
    stem_channels: int = 64
    blocks: tuple[int, int, int] = (3, 4, 23)
    """Bottleneck blocks of res2, res3 and res4; each stage doubles the channels."""
    region_blocks: int = 3
    regions: int = 300
    pooled: int = 14
    proposal_channels: int = 512
    anchors: int = 12
    classes: int = 1601
    attributes: int = 401
    class_embedding: int = 256
    attribute_hidden: int = 512


MODEL_SIZES = {
    "base": ModelSize(),
    "tiny": ModelSize(
        hidden=48,
        heads=4,
        intermediate=96,
        vocabulary=200,
        language_layers=2,
        vision_layers=1,
        cross_layers=2,
        feature=32,
        answers=30,
        pretraining_answers=30,
        objects=40,
        attributes=20,
    ),
}

DETECTOR_SIZES = {
    "base": DetectorSize(),
    "tiny": DetectorSize(
        height=96,
        width=160,
        stem_channels=4,
        blocks=(1, 1, 1),
        region_blocks=1,
        regions=8,
        proposal_channels=16,
        classes=31,
        attributes=11,
        class_embedding=8,
        attribute_hidden=16,
    ),
}
