/** @file The detector's shape as data: stages, blocks and channels, and the weights that follow from them. */

/** Blocks of a residual network that share their channels. */
export interface StageArchitecture {
  /** Caffe's name, such as `res4`. */
  readonly name: string;
  /** Names of the blocks after the stage's: `a`, `b1`, ...; the first has a projection. */
  readonly blocks: readonly string[];
  readonly middleChannels: number;
  readonly outputChannels: number;
  /** Of the first block, in its first 1x1 convolution and its projection. */
  readonly stride: number;
  /** Of every 3x3 convolution, which is also its padding. */
  readonly dilation: number;
}

/** Rule by which the anchors around a cell are made. */
export interface AnchorSettings {
  /** Side of the base box, and distance between cells, in pixels of the scaled image. */
  readonly stride: number;
  /** Height over width; the slow index of an anchor's number. */
  readonly ratios: readonly number[];
  /** Factors of the base box's sides; the fast index. */
  readonly scales: readonly number[];
}

export interface DetectorArchitecture {
  readonly inputChannels: number;
  /** Outputs of conv1. */
  readonly stemChannels: number;
  /** On the whole image; the last one's output is what regions are pooled from. */
  readonly imageStages: readonly StageArchitecture[];
  /** On each pooled region; its output's channels are the feature size. */
  readonly regionStage: StageArchitecture;
  readonly anchors: AnchorSettings;
  readonly rpnChannels: number;
  /** Bins of a pooled region's side. */
  readonly pooledSize: number;
  /** Object classes, the background (0) included. */
  readonly numClasses: number;
  readonly classEmbeddingSize: number;
  readonly attributeHiddenSize: number;
  /** Attribute classes, "no attribute" (0) included. */
  readonly numAttributes: number;
}

/** `a`, then `b1` ... for `numBlocks` blocks, as ResNet-101's long stages name theirs. */
function numberedBlocks(numBlocks: number): string[] {
  return Array.from({ length: numBlocks }, (_, i) => (i === 0 ? 'a' : `b${i}`));
}

/** The published detector: ResNet-101 trained on Visual Genome with 1,600 objects and 400 attributes. */
export const BOTTOM_UP_ATTENTION: DetectorArchitecture = {
  inputChannels: 3,
  stemChannels: 64,
  imageStages: [
    {
      name: 'res2',
      blocks: ['a', 'b', 'c'],
      middleChannels: 64,
      outputChannels: 256,
      stride: 1,
      dilation: 1,
    },
    {
      name: 'res3',
      blocks: numberedBlocks(4),
      middleChannels: 128,
      outputChannels: 512,
      stride: 2,
      dilation: 1,
    },
    {
      name: 'res4',
      blocks: numberedBlocks(23),
      middleChannels: 256,
      outputChannels: 1024,
      stride: 2,
      dilation: 1,
    },
  ],
  regionStage: {
    name: 'res5',
    blocks: ['a', 'b', 'c'],
    middleChannels: 512,
    outputChannels: 2048,
    stride: 1,
    dilation: 2,
  },
  anchors: { stride: 16, ratios: [0.5, 1, 2], scales: [4, 8, 16, 32] },
  rpnChannels: 512,
  pooledSize: 14,
  numClasses: 1601,
  classEmbeddingSize: 256,
  attributeHiddenSize: 512,
  numAttributes: 401,
};

/** Values of one region's feature vector. */
export function detectorFeatureSize({ regionStage }: DetectorArchitecture): number {
  return regionStage.outputChannels;
}

/** Channels of the map that regions are pooled from. */
export function mapChannelsOf({ imageStages, stemChannels }: DetectorArchitecture): number {
  return imageStages.at(-1)?.outputChannels ?? stemChannels;
}

/**
 * Names and shapes of the weights, in the network's order. Names are Caffe's layer names followed by `.weight` or
 * `.bias`; BatchNorm and Scale are folded into the convolution before them, so every convolution has a bias.
 * Convolutions are (out, in, k, k), dense layers (out, in). `bbox_pred` is what only Detectron2's rules need.
 */
export function weightShapes(
  architecture: DetectorArchitecture,
  { withBoxPredictor = false }: { readonly withBoxPredictor?: boolean } = {},
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const layer = (name: string, ...shape: number[]): void => {
    shapes.set(`${name}.weight`, shape);
    shapes.set(`${name}.bias`, shape.slice(0, 1));
  };
  const stage = (
    { name, blocks, middleChannels, outputChannels }: StageArchitecture,
    input: number,
  ): number => {
    blocks.forEach((block, i) => {
      const channels = i === 0 ? input : outputChannels;
      if (i === 0) layer(`${name}${block}_branch1`, outputChannels, channels, 1, 1);
      layer(`${name}${block}_branch2a`, middleChannels, channels, 1, 1);
      layer(`${name}${block}_branch2b`, middleChannels, middleChannels, 3, 3);
      layer(`${name}${block}_branch2c`, outputChannels, middleChannels, 1, 1);
    });
    return outputChannels;
  };
  layer('conv1', architecture.stemChannels, architecture.inputChannels, 7, 7);
  const mapChannels = architecture.imageStages.reduce(
    (input, one) => stage(one, input),
    architecture.stemChannels,
  );
  const { rpnChannels, anchors, numClasses, classEmbeddingSize, attributeHiddenSize } = architecture;
  const numAnchors = anchors.ratios.length * anchors.scales.length;
  layer('rpn_conv/3x3', rpnChannels, mapChannels, 3, 3);
  layer('rpn_cls_score', 2 * numAnchors, rpnChannels, 1, 1);
  layer('rpn_bbox_pred', 4 * numAnchors, rpnChannels, 1, 1);
  const featureSize = stage(architecture.regionStage, mapChannels);
  layer('cls_score', numClasses, featureSize);
  if (withBoxPredictor) layer('bbox_pred', 4 * numClasses, featureSize);
  shapes.set('cls_embedding.weight', [numClasses, classEmbeddingSize]);
  layer('fc_attr', attributeHiddenSize, featureSize + classEmbeddingSize);
  layer('attr_score', architecture.numAttributes, attributeHiddenSize);
  return shapes;
}
