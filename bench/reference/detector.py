"""A load with the operations of the published region detector, and with none of its sense.

ResNet-101 up to res4 on the image, a region proposal network on that, res5 on 300 regions of each
image, and heads for classes and attributes: the convolutions and dense layers are those of the
detector. The regions come with the inputs in place of non-maximum suppression, and are sampled
where they would be pooled: neither has operations worth counting, though both take time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sizes import NUM_REGIONS, DetectorSize


class Convolution(nn.Module):
    """A convolution and its frozen batch normalisation, which the published code keeps apart."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = kernel // 2 * dilation
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.convolution(x))


class Bottleneck(nn.Module):
    """A block of ResNet with its stride in the first convolution, as Caffe's models have it."""

    def __init__(self, inputs: int, middle: int, outputs: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.reduce = Convolution(inputs, middle, 1, stride)
        self.spatial = Convolution(middle, middle, 3, dilation=dilation)
        self.expand = Convolution(middle, outputs, 1)
        self.shortcut = (
            nn.Identity() if inputs == outputs else Convolution(inputs, outputs, 1, stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        middle = torch.relu(self.spatial(torch.relu(self.reduce(x))))
        return torch.relu(self.shortcut(x) + self.expand(middle))


def stage(inputs: int, middle: int, blocks: int, stride: int, dilation: int = 1) -> nn.Sequential:
    outputs = 4 * middle
    return nn.Sequential(
        *(
            Bottleneck(
                inputs if i == 0 else outputs,
                middle,
                outputs,
                stride if i == 0 else 1,
                dilation,
            )
            for i in range(blocks)
        )
    )


class DetectorLoad(nn.Module):
    """Images to what an extraction writes of 36 regions each."""

    def __init__(self, size: DetectorSize) -> None:
        super().__init__()
        self.size = size
        stem = size.stem_channels
        self.stem = Convolution(3, stem, 7, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.res2 = stage(stem, stem, size.blocks[0], stride=1)
        self.res3 = stage(4 * stem, 2 * stem, size.blocks[1], stride=2)
        self.res4 = stage(8 * stem, 4 * stem, size.blocks[2], stride=2)
        self.res5 = stage(16 * stem, 8 * stem, size.region_blocks, 1, dilation=2)
        feature = 32 * stem
        self.proposal = nn.Conv2d(16 * stem, size.proposal_channels, 3, padding=1)
        self.proposal_scores = nn.Conv2d(size.proposal_channels, 2 * size.anchors, 1)
        self.proposal_deltas = nn.Conv2d(size.proposal_channels, 4 * size.anchors, 1)
        self.classes = nn.Linear(feature, size.classes)
        self.class_embedding = nn.Embedding(size.classes, size.class_embedding)
        self.attribute_hidden = nn.Linear(feature + size.class_embedding, size.attribute_hidden)
        self.attributes = nn.Linear(size.attribute_hidden, size.attributes)

    def forward(self, images: Tensor, regions: Tensor) -> tuple[Tensor, ...]:
        """Features, class and attribute of 36 regions, and the best proposals' deltas.

        Proposals are returned so that no compiler leaves their network out.
        """
        images = images.to(self.classes.weight.dtype)
        maps = self.pool(torch.relu(self.stem(images)))
        maps = self.res4(self.res3(self.res2(maps)))
        proposals = self._proposals(maps)
        features = self.res5(self._crops(maps, regions)).mean(dim=(2, 3))
        scores, classes = self.classes(features).softmax(dim=-1).max(dim=-1)
        known = torch.cat([features, self.class_embedding(classes)], dim=-1)
        hidden = torch.relu(self.attribute_hidden(known))
        attributes = self.attributes(hidden).softmax(dim=-1).argmax(dim=-1)
        by_image = (len(images), self.size.regions)
        count = min(NUM_REGIONS, self.size.regions)
        best = scores.view(by_image).topk(count).indices
        chosen = best[..., None].expand(-1, -1, features.shape[-1])
        return (
            features.view(*by_image, -1).gather(1, chosen),
            classes.view(by_image).gather(1, best),
            attributes.view(by_image).gather(1, best),
            proposals,
        )

    def _proposals(self, maps: Tensor) -> Tensor:
        hidden = torch.relu(self.proposal(maps))
        logits = self.proposal_scores(hidden).unflatten(1, (2, self.size.anchors))
        scores = logits.softmax(dim=1)[:, 1].flatten(1)
        deltas = self.proposal_deltas(hidden).unflatten(1, (self.size.anchors, 4))
        deltas = deltas.transpose(1, 2).flatten(2)
        best = scores.topk(min(self.size.regions, scores.shape[1])).indices
        return deltas.gather(2, best[:, None, :].expand(-1, 4, -1))

    def _crops(self, maps: Tensor, regions: Tensor) -> Tensor:
        """Nearest samples on a grid over each region; its corners are shares of the image."""
        _, _, height, width = maps.shape
        left, top, right, bottom = regions.unbind(dim=-1)
        places = torch.arange(self.size.pooled, device=maps.device)
        places = (places + 0.5) / self.size.pooled

        def between(start: Tensor, end: Tensor, cells: int) -> Tensor:
            along = start[..., None] + (end - start)[..., None] * places
            return (along * cells).long().clamp(max=cells - 1)

        rows = between(top, bottom, height)[..., :, None]
        columns = between(left, right, width)[..., None, :]
        images = torch.arange(len(maps), device=maps.device)[:, None, None, None]
        crops = maps[images, :, rows, columns]
        return crops.flatten(0, 1).permute(0, 3, 1, 2).contiguous()
