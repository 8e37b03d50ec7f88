/** @file The detector's layers with weights, and what each is called in the files that hold them. */

import { type DetectorArchitecture, detectorFeatureSize, weightShapes } from './architecture.js';

/** A layer with weights of its own. The name is Caffe's, which is also the canonical one. */
export interface DetectorLayer {
  readonly name: string;
  /** Convolutions are (out, in, k, k), dense layers (out, in), the embedding (rows, size). */
  readonly weightShape: readonly number[];
  /** A bias of its own in the file; convolutions with a norm get theirs from folding. */
  readonly hasBias: boolean;
  /** Caffe's names of the BatchNorm and the Scale that follow. */
  readonly norm?: { readonly batchNorm: string; readonly scale: string };
  /** The name in the two PyTorch ports. */
  readonly portName: string;
}

const BRANCHES: Readonly<Record<string, string>> = {
  branch1: 'shortcut',
  branch2a: 'conv1',
  branch2b: 'conv2',
  branch2c: 'conv3',
};

const HEADS: Readonly<Record<string, string>> = {
  conv1: 'backbone.stem.conv1',
  'rpn_conv/3x3': 'proposal_generator.rpn_head.conv',
  rpn_cls_score: 'proposal_generator.rpn_head.objectness_logits',
  rpn_bbox_pred: 'proposal_generator.rpn_head.anchor_deltas',
  cls_score: 'roi_heads.box_predictor.cls_score',
  bbox_pred: 'roi_heads.box_predictor.bbox_pred',
  cls_embedding: 'roi_heads.box_predictor.cls_embedding',
  fc_attr: 'roi_heads.box_predictor.fc_attr',
  attr_score: 'roi_heads.box_predictor.attr_score',
};

/**
 * All layers, in the network's order, and last `bbox_pred`, which moves boxes for each class: region features are of the
 * proposals as they are, so the network has no use for it, but it belongs to the published weights.
 */
export function detectorLayers(architecture: DetectorArchitecture): DetectorLayer[] {
  const shapes = weightShapes(architecture);
  const portNames = blockPortNames(architecture);
  const layers: DetectorLayer[] = [];
  for (const [tensor, weightShape] of shapes) {
    if (!tensor.endsWith('.weight')) continue;
    const name = tensor.slice(0, -'.weight'.length);
    const norm = normOf(name);
    layers.push({
      name,
      weightShape,
      hasBias: norm === undefined && shapes.has(`${name}.bias`),
      ...(norm === undefined ? {} : { norm }),
      portName: (portNames.get(name) ?? HEADS[name]) as string,
    });
  }
  const boxRows = 4 * architecture.numClasses;
  return [
    ...layers,
    {
      name: 'bbox_pred',
      weightShape: [boxRows, detectorFeatureSize(architecture)],
      hasBias: true,
      portName: HEADS.bbox_pred as string,
    },
  ];
}

/** bn_conv1 and scale_conv1 for conv1, bn2a_branch1 and scale2a_branch1 for res2a_branch1; the heads have none. */
function normOf(name: string): DetectorLayer['norm'] {
  if (name === 'conv1') return { batchNorm: 'bn_conv1', scale: 'scale_conv1' };
  const block = /^res(.+_branch.+)$/.exec(name)?.[1];
  return block === undefined ? undefined : { batchNorm: `bn${block}`, scale: `scale${block}` };
}

/** res4b2_branch2a is backbone.res4.2.conv1: the ports number blocks from 0. */
function blockPortNames({ imageStages, regionStage }: DetectorArchitecture): Map<string, string> {
  const names = new Map<string, string>();
  for (const stage of [...imageStages, regionStage]) {
    const room = stage === regionStage ? 'roi_heads' : 'backbone';
    for (const [index, block] of stage.blocks.entries()) {
      for (const [branch, part] of Object.entries(BRANCHES)) {
        names.set(`${stage.name}${block}_${branch}`, `${room}.${stage.name}.${index}.${part}`);
      }
    }
  }
  return names;
}
