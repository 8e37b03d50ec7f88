/** @file Whose detector weights a file holds, what that family does its own way, and where its tensors are. */

import type { CheckpointFile } from '../../checkpoint/index.js';
import type { DetectorArchitecture } from './architecture.js';
import type { DetectorLayer } from './weightsLayers.js';

/**
 * `caffe`: the original .caffemodel. `detectron2`: the PyTorch port's pickle of arrays. `huggingface`: its second port,
 * a torch file with the same names.
 */
export type DetectorFamily = 'caffe' | 'detectron2' | 'huggingface';

/** What differs between families. Loaded weights all have Caffe's layout; the rest is for whoever runs them. */
export interface DetectorFacts {
  readonly family: DetectorFamily;
  /** Where the background's row stands in the file's class scores and embedding, and "no attribute" in its scores. */
  readonly backgroundInFile: 'first' | 'last';
  /** RPN scores in the file: logits of background and object for each anchor, or one logit, background's being 0. */
  readonly objectnessInFile: 'pair' | 'single';
  /** The anchors that the RPN's outputs are relative to: Caffe's rounded table, or the ports' exact ones at 0. */
  readonly anchors: 'caffe' | 'detectron2';
  /** Box sizes counted as x2 - x1 + 1, or without the 1. */
  readonly boxesIncludeLastPixel: boolean;
  /** What the outputs of `bbox_pred` are divided by. */
  readonly boxDeltaWeights: readonly [number, number, number, number];
  /** An attribute's confidence is its share of all outputs, or of the outputs other than "no attribute". */
  readonly attributeConfidence: 'of all' | 'without none';
}

const PORT_FACTS = {
  backgroundInFile: 'last',
  objectnessInFile: 'single',
  anchors: 'detectron2',
  boxesIncludeLastPixel: false,
  boxDeltaWeights: [10, 10, 5, 5],
  attributeConfidence: 'without none',
} as const;

/** The facts of each family, from the published prototxt, configurations and code. */
export const DETECTOR_FACTS: Readonly<Record<DetectorFamily, DetectorFacts>> = {
  caffe: {
    family: 'caffe',
    backgroundInFile: 'first',
    objectnessInFile: 'pair',
    anchors: 'caffe',
    boxesIncludeLastPixel: true,
    boxDeltaWeights: [1, 1, 1, 1],
    attributeConfidence: 'of all',
  },
  detectron2: { family: 'detectron2', ...PORT_FACTS },
  huggingface: { family: 'huggingface', ...PORT_FACTS },
};

/** By whose rules a family's weights find regions. */
export function detectorRules(family: DetectorFamily): 'caffe' | 'detectron2' {
  return family === 'caffe' ? 'caffe' : 'detectron2';
}

/** The key of safetensors' notes under which a converted file says whose weights it holds. */
export const FAMILY_NOTE = 'lxmert.detector';

/** The key under which it says the SHA-256 of the file that it was made from. */
export const ORIGIN_NOTE = 'lxmert.detector.sha256';

/** A family, and whether the file is this program's own: folded, in Caffe's layout, by canonical names. */
export interface DetectorSource {
  readonly family: DetectorFamily;
  readonly isConverted: boolean;
}

/** Whose detector the file holds; undefined for a file of other weights. Any .caffemodel counts as the detector's. */
export function detectorSource(checkpoint: CheckpointFile): DetectorSource | undefined {
  const { format, parsed, entries } = checkpoint;
  const note = parsed.metadata.get(FAMILY_NOTE);
  if (note !== undefined && Object.hasOwn(DETECTOR_FACTS, note)) {
    return { family: note as DetectorFamily, isConverted: true };
  }
  if (format === 'caffemodel') return { family: 'caffe', isConverted: false };
  const isPort = [...entries.keys()].some((name) => /^(proposal_generator|roi_heads)\./.test(name));
  if (!isPort) return undefined;
  // Both ports have the same names; Detectron2 keeps them under "model", Hugging Face at the top.
  const isDetectron2 = format === 'numpy-pickle' || parsed.wrapper.includes('model');
  return { family: isDetectron2 ? 'detectron2' : 'huggingface', isConverted: false };
}

/** What a tensor of a file is to its layer. `scaleFactor` divides Caffe's sums of means and variances. */
export type TensorRole = 'weight' | 'bias' | 'mean' | 'variance' | 'scaleFactor' | 'gamma' | 'beta';

/** A tensor that a layer needs, by its name and shape in the file. */
export interface WantedTensor {
  readonly role: TensorRole;
  readonly name: string;
  readonly shape: readonly number[];
}

/** Everything that a layer needs of a file. */
export function wantedTensors(
  layer: DetectorLayer,
  { family, isConverted }: DetectorSource,
  architecture: DetectorArchitecture,
): WantedTensor[] {
  const { name, weightShape, hasBias, norm, portName } = layer;
  const channels = weightShape.slice(0, 1);
  if (isConverted) {
    const weight: WantedTensor = { role: 'weight', name: `${name}.weight`, shape: weightShape };
    const bias: WantedTensor = { role: 'bias', name: `${name}.bias`, shape: channels };
    return hasBias || norm !== undefined ? [weight, bias] : [weight];
  }
  if (family === 'caffe') {
    return [
      { role: 'weight', name: `${name}/0`, shape: weightShape },
      ...(hasBias ? [{ role: 'bias', name: `${name}/1`, shape: channels } as const] : []),
      ...(norm === undefined
        ? []
        : ([
            { role: 'mean', name: `${norm.batchNorm}/0`, shape: channels },
            { role: 'variance', name: `${norm.batchNorm}/1`, shape: channels },
            { role: 'scaleFactor', name: `${norm.batchNorm}/2`, shape: [1] },
            { role: 'gamma', name: `${norm.scale}/0`, shape: channels },
            { role: 'beta', name: `${norm.scale}/1`, shape: channels },
          ] as const)),
    ];
  }
  const shape = [portRows(layer, architecture), ...weightShape.slice(1)];
  const rows = shape.slice(0, 1);
  return [
    { role: 'weight', name: `${portName}.weight`, shape },
    ...(hasBias ? [{ role: 'bias', name: `${portName}.bias`, shape: rows } as const] : []),
    ...(norm === undefined
      ? []
      : ([
          { role: 'mean', name: `${portName}.norm.running_mean`, shape: rows },
          { role: 'variance', name: `${portName}.norm.running_var`, shape: rows },
          { role: 'gamma', name: `${portName}.norm.weight`, shape: rows },
          { role: 'beta', name: `${portName}.norm.bias`, shape: rows },
        ] as const)),
  ];
}

/** Rows of a layer in the ports: one score for each anchor, and no boxes for the background. */
function portRows({ name, weightShape }: DetectorLayer, { numClasses }: DetectorArchitecture): number {
  const rows = weightShape[0] as number;
  if (name === 'rpn_cls_score') return rows / 2;
  return name === 'bbox_pred' ? 4 * (numClasses - 1) : rows;
}
