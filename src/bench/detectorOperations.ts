/** @file How many floating-point operations the region detector needs for a picture. */

import {
  type DetectorArchitecture,
  detectorFeatureSize,
  mapChannelsOf,
  type StageArchitecture,
} from '../vision/detector/architecture.js';

/**
 * Operations of the convolutions and dense layers as the original computes them, a multiplication and an addition counting two:
 * each region through the whole last stage, and 3 x 3 convolutions by their nine products. What is computed here is less, by Winograd's
 * tiles and since regions that cannot be chosen are known in part, by as much as the picture and the weights allow.
 *
 * @param height of the network's input
 * @param numRegions proposals that go through the last stage
 */
export function detectorOperations(
  architecture: DetectorArchitecture,
  height: number,
  width: number,
  numRegions: number,
): number {
  const { inputChannels, stemChannels, rpnChannels, anchors, pooledSize } = architecture;
  let size = [height, width].map((side) => Math.floor((side + 6 - 7) / 2) + 1);
  const cells = (): number => (size[0] as number) * (size[1] as number);
  let operations = 2 * cells() * 49 * inputChannels * stemChannels;
  size = size.map((side) => Math.ceil((side - 3) / 2) + 1);
  let channels = stemChannels;
  for (const stage of architecture.imageStages) {
    size = size.map((side) => Math.floor((side - 1) / stage.stride) + 1);
    operations += stageOperations(stage, channels, cells());
    channels = stage.outputChannels;
  }
  const numAnchors = anchors.ratios.length * anchors.scales.length;
  operations += 2 * cells() * rpnChannels * (9 * channels + 6 * numAnchors);
  const regionCells = numRegions * pooledSize * pooledSize;
  operations += stageOperations(architecture.regionStage, mapChannelsOf(architecture), regionCells);
  return operations + numRegions * headOperations(architecture);
}

/** On `cells` places of the output, whose number a first block's stride has brought about already. */
function stageOperations(
  { blocks, middleChannels: middle, outputChannels: output }: StageArchitecture,
  input: number,
  cells: number,
): number {
  return blocks.reduce((sum, _, i) => {
    const channels = i === 0 ? input : output;
    const projection = i === 0 ? channels * output : 0;
    return sum + 2 * cells * (channels * middle + 9 * middle * middle + middle * output + projection);
  }, 0);
}

function headOperations(architecture: DetectorArchitecture): number {
  const { numClasses, attributeHiddenSize, classEmbeddingSize, numAttributes } = architecture;
  const features = detectorFeatureSize(architecture);
  return (
    2 *
    (features * numClasses +
      (features + classEmbeddingSize) * attributeHiddenSize +
      attributeHiddenSize * numAttributes)
  );
}
