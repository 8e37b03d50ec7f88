/**
 * @file The region detector as two graphs of standard operators: from a picture's values to the map and to what the
 * proposal network says of it, and from the map and boxes to features and labels. Between them, and after them, stand
 * rules that ONNX has no operators for (`vision/detector/detectionRules.ts`).
 */

import { GraphBuilder, type OnnxGraph } from '../onnx/index.js';
import type { Tensor } from '../torch/index.js';
import type { DetectorArchitecture, StageArchitecture } from '../vision/detector/architecture.js';
import type { DetectorProfile } from '../vision/detector/profiles.js';
import { writeTensor } from './layerWriter.js';

/** A detector as its graphs need it. */
export interface DetectorSource {
  readonly architecture: DetectorArchitecture;
  readonly rules: DetectorProfile['rules'];
  /** float32, folded, by canonical names (`weightShapes`); they must live until the graphs are written. */
  readonly weights: Readonly<Record<string, Tensor>>;
  /**
   * How weights lie in the file. All arithmetic is float32: engines widen float16 weights once, when they load them, so
   * that of float16 only the weights' own rounding is felt, which in a hundred layers of float16 arithmetic would not stay.
   */
  readonly precision: 'float32' | 'float16';
}

/** The operators' version. */
const OPSET = 20;
/** float32's number in Cast (TensorProto.DataType). */
const FLOAT = 1;

/**
 * `image` (1, 3, height, width), blue, green, red, means subtracted -> `feature_map` (1, channels, height / 16, width / 16),
 * `objectness` (1, 2A, ...) with the backgrounds' logits before the objects', `deltas` (1, 4A, ...).
 */
export function backboneGraph(source: DetectorSource): OnnxGraph {
  const { architecture } = source;
  const nodes = new DetectorNodes('backbone', source);
  const { graph } = nodes;
  const image = graph.input('image', 'float32', [1, architecture.inputChannels, 'height', 'width']);
  const stem = nodes.convolution('conv1', image, { stride: 2, padding: 3, relu: true });
  // Caffe's pooling: no padding, and a last window that the picture's edge cuts.
  let map = graph.node('MaxPool', [stem], {
    name: 'pool1',
    attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
  });
  const last = architecture.imageStages.length - 1;
  architecture.imageStages.forEach((stage, i) => {
    map = nodes.stage(stage, map, i === last ? 'feature_map' : undefined);
  });
  const { rpnChannels, anchors } = architecture;
  const numAnchors = anchors.ratios.length * anchors.scales.length;
  const hidden = nodes.convolution('rpn_conv/3x3', map, { padding: 1, relu: true });
  nodes.convolution('rpn_cls_score', hidden, { output: 'objectness' });
  nodes.convolution('rpn_bbox_pred', hidden, { output: 'deltas' });
  const size = ['map_height', 'map_width'];
  const channels = architecture.imageStages[last]?.outputChannels ?? rpnChannels;
  graph.output('feature_map', 'float32', [1, channels, ...size]);
  graph.output('objectness', 'float32', [1, 2 * numAnchors, ...size]);
  graph.output('deltas', 'float32', [1, 4 * numAnchors, ...size]);
  return graph.build();
}

/**
 * `feature_map` of the other graph and `boxes` (regions, 4), x1, y1, x2, y2 in pixels of the network's input -> `features`
 * (regions, F), `class_probabilities` and `attribute_probabilities` (regions, labels) with the background and "no
 * attribute" first, and by Detectron2's rules `box_deltas` (regions, 4 x classes).
 */
export function regionHeadGraph(source: DetectorSource): OnnxGraph {
  const { architecture, rules } = source;
  const { regionStage, pooledSize, anchors, numClasses, numAttributes, imageStages } = architecture;
  const nodes = new DetectorNodes('region_head', source);
  const { graph } = nodes;
  const channels = imageStages.at(-1)?.outputChannels ?? architecture.stemChannels;
  const map = graph.input('feature_map', 'float32', [1, channels, 'map_height', 'map_width']);
  const boxes = graph.input('boxes', 'float32', ['regions', 4]);
  // (R, 5): the number of the picture, 0, before each box.
  const numbered = graph.node('Pad', [boxes, graph.ints([0, 1, 0, 0])], { name: 'rois' });
  const pooled = graph.node('MaxRoiPool', [map, numbered], {
    name: 'roi_pool5',
    attributes: { pooled_shape: [pooledSize, pooledSize], spatial_scale: { float: 1 / anchors.stride } },
  }); // (R, C, bins, bins)
  const last = nodes.stage(regionStage, pooled); // (R, F, bins, bins)
  const mean = graph.node('GlobalAveragePool', [last], { name: 'pool5' });
  graph.node('Flatten', [mean], { name: 'pool5_flat', outputs: ['features'] }); // (R, F)
  const classLogits = nodes.dense('cls_score', 'features');
  graph.node('Softmax', [classLogits], { attributes: { axis: 1 }, outputs: ['class_probabilities'] });
  // The attribute head is told the class, the background included.
  const predicted = graph.node('ArgMax', [classLogits], {
    name: 'predicted_cls',
    attributes: { axis: 1, keepdims: 0 },
  }); // (R)
  const embedded = graph.node('Gather', [nodes.weight('cls_embedding.weight'), predicted], {
    name: 'cls_embedding',
  });
  const described = graph.node('Concat', ['features', embedded], {
    name: 'concat_pool5',
    attributes: { axis: 1 },
  });
  const hidden = graph.node('Relu', [nodes.dense('fc_attr', described)], { name: 'relu_attr' });
  nodes.attributes(nodes.dense('attr_score', hidden), rules);
  graph.output('features', 'float32', ['regions', regionStage.outputChannels]);
  graph.output('class_probabilities', 'float32', ['regions', numClasses]);
  graph.output('attribute_probabilities', 'float32', ['regions', numAttributes]);
  if (rules === 'detectron2') {
    nodes.dense('bbox_pred', 'features', 'box_deltas');
    graph.output('box_deltas', 'float32', ['regions', 4 * numClasses]);
  }
  return graph.build();
}

interface Convolution {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly relu?: boolean;
  /** Name of the result. Default: the layer's. */
  readonly output?: string;
}

/** The network's layers as nodes, by Caffe's names. */
class DetectorNodes {
  readonly graph: GraphBuilder;

  constructor(
    name: string,
    private readonly source: DetectorSource,
  ) {
    this.graph = new GraphBuilder(name, OPSET);
  }

  /** A weight in float32, whatever the file holds. */
  weight(name: string): string {
    const tensor = this.source.weights[name];
    if (tensor === undefined) throw new RangeError(`The detector has no weight ${name}.`);
    // Biases are few, and what they are rounded by no input would make smaller.
    const isRounded = this.source.precision === 'float16' && !name.endsWith('.bias');
    if (!isRounded) return writeTensor(this.graph, name, tensor, 'float32');
    const stored = writeTensor(this.graph, `${name}.float16`, tensor, 'float16');
    return this.graph.node('Cast', [stored], { name, attributes: { to: FLOAT } });
  }

  convolution(
    name: string,
    input: string,
    { stride = 1, padding = 0, dilation = 1, relu = false, output = name }: Convolution,
  ): string {
    const side = this.source.weights[`${name}.weight`]?.shape[2] ?? 1;
    const attributes = {
      kernel_shape: [side, side],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      dilations: [dilation, dilation],
    };
    const inputs = [input, this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    if (!relu) return this.graph.node('Conv', inputs, { name, attributes, outputs: [output] });
    const sum = this.graph.node('Conv', inputs, { name, attributes });
    return this.graph.node('Relu', [sum], { name: `${name}.relu`, outputs: [`${output}.relu`] });
  }

  /** (N, C, H, W) -> (N, outputChannels, H', W') @param output name of the result */
  stage(stage: StageArchitecture, input: string, output?: string): string {
    let x = input;
    stage.blocks.forEach((block, i) => {
      const name = `${stage.name}${block}`;
      const isLast = i === stage.blocks.length - 1;
      x = this.#block(stage, name, x, i === 0, isLast && output !== undefined ? output : name);
    });
    return x;
  }

  /** (rows, in) -> (rows, out) */
  dense(name: string, input: string, output = name): string {
    const inputs = [input, this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    return this.graph.node('Gemm', inputs, { name, attributes: { transB: 1 }, outputs: [output] });
  }

  /** Probabilities of attributes; the ports leave "no attribute" out before the softmax, and its column is 0 then. */
  attributes(logits: string, rules: DetectorProfile['rules']): void {
    const { graph } = this;
    const softmax = { attributes: { axis: 1 } };
    const outputs = ['attribute_probabilities'];
    if (rules === 'caffe') {
      graph.node('Softmax', [logits], { ...softmax, outputs });
      return;
    }
    const end = this.source.architecture.numAttributes;
    const others = graph.node('Slice', [logits, graph.ints([1]), graph.ints([end]), graph.ints([1])]);
    const shares = graph.node('Softmax', [others], softmax); // (R, attributes - 1)
    graph.node('Pad', [shares, graph.ints([0, 1, 0, 0])], { outputs });
  }

  /** The stride is in the first 1x1 and in the projection, not in the 3x3. */
  #block(stage: StageArchitecture, name: string, x: string, isFirst: boolean, output: string): string {
    const { stride, dilation } = stage;
    const first = isFirst ? stride : 1;
    const reduced = this.convolution(`${name}_branch2a`, x, { stride: first, relu: true });
    const spread = this.convolution(`${name}_branch2b`, reduced, { padding: dilation, dilation, relu: true });
    const branch = this.convolution(`${name}_branch2c`, spread, {});
    const shortcut = isFirst ? this.convolution(`${name}_branch1`, x, { stride }) : x;
    const sum = this.graph.node('Add', [branch, shortcut], { name: `${name}.sum` });
    return this.graph.node('Relu', [sum], { name: `${name}.relu`, outputs: [output] });
  }
}
