/** @file The detector's network: from an image's values to proposals, and from proposals to features and labels. */

import { LxmertError } from '../../common/errors.js';
import { fromTypedArray, keep, noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture, weightShapes } from './architecture.js';
import { convolution, dense, type LayerContext, type Observe, residualStage } from './layers.js';
import { proposePortRegions } from './port/proposals.js';
import type { DetectorProfile } from './profiles.js';
import { proposeRegions, type ScaledSize } from './proposals.js';
import type { RegionOutputs } from './selectRegions.js';

/** Tensors by the names of `weightShapes`; others are not looked at. */
export type DetectorWeights = Readonly<Record<string, Tensor>>;

export interface NetworkOptions {
  readonly architecture?: DetectorArchitecture;
  /**
   * Format of the last stage's convolutions, 92 % of the arithmetic. All else is float32 whatever this says: rounding in
   * the first layers grows through the hundred that follow, to several percent of a feature, while rounding in the last
   * stage stays below one; and proposals are float32's to the last bit. Default float32.
   */
  readonly precision?: 'float32' | 'bfloat16';
  /**
   * Whose rules proposals and outputs follow: the original's, or those of its PyTorch ports, which need `bbox_pred`
   * among the weights. Default `caffe`.
   */
  readonly rules?: DetectorProfile['rules'];
  /** Regions that go through the last stage at once: about 5 MB of memory each at full size. Default 32. */
  readonly regionsAtOnce?: number;
  /** Called with each layer's output, for tests; the tensor ends with the call of the network. */
  readonly observe?: Observe;
}

/** Where the first pooling still finds a window. */
export const MIN_INPUT_SIDE = 3;
/** An image as the detector takes it: values (3, height, width) in the order B, G, R, means subtracted. */
export interface NetworkInput extends ScaledSize {
  readonly values: Float32Array;
}

/**
 * The bottom-up-attention Faster R-CNN on folded weights. Activations lie with channels last in memory. The weights
 * given stay the caller's; {@link dispose} ends the network's own handles.
 */
export class DetectorNetwork {
  readonly architecture: DetectorArchitecture;
  readonly #weights: ReadonlyMap<string, Tensor>;
  readonly #precision: 'float32' | 'bfloat16';
  readonly #regionsAtOnce: number;
  readonly #rules: DetectorProfile['rules'];
  readonly #context: LayerContext;

  /** @throws LxmertError when a weight is missing or has another shape */
  constructor(weights: DetectorWeights, options: NetworkOptions = {}) {
    this.architecture = options.architecture ?? BOTTOM_UP_ATTENTION;
    this.#precision = options.precision ?? 'float32';
    this.#regionsAtOnce = options.regionsAtOnce ?? 32;
    this.#rules = options.rules ?? 'caffe';
    const shapes = weightShapes(this.architecture, { withBoxPredictor: this.#rules === 'port' });
    this.#weights = prepareWeights(weights, shapes, this.architecture, this.#precision);
    this.#context = {
      weightOf: (name) => this.#weights.get(name) as Tensor,
      observe: options.observe,
    };
  }

  /** Proposals, features and probabilities of one image. */
  run(input: NetworkInput): RegionOutputs {
    return this.runBatch([input])[0] as RegionOutputs;
  }

  /**
   * The same of each of several images of one size, which go through the image's stages together. What follows is done
   * image by image, so that the regions of one never share a product with another's.
   *
   * @throws LxmertError when their sizes differ
   */
  runBatch(inputs: readonly NetworkInput[]): RegionOutputs[] {
    if (inputs.length === 0) return [];
    return noGrad(() =>
      scope(() => {
        const maps = this.#featureMaps(inputs);
        return inputs.map((input, i) =>
          scope(() => {
            const map = ops.channelsLast(ops.narrow(maps, 0, i, 1)); // (1, mapChannels, H / 16, W / 16)
            return this.#describe(map, this.#propose(map, input));
          }),
        );
      }),
    );
  }

  /** The same for boxes (n, 4) that are given, in pixels of the scaled image. */
  runOnBoxes(input: NetworkInput, boxes: Float32Array): RegionOutputs {
    return noGrad(() => scope(() => this.#describe(this.#featureMaps([input]), boxes)));
  }

  dispose(): void {
    for (const weight of this.#weights.values()) weight.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** -> (N, mapChannels, height / 16, width / 16) */
  #featureMaps(inputs: readonly NetworkInput[]): Tensor {
    const { imageStages } = this.architecture;
    const images = inputs.map((input) => this.#imageOf(input, inputs[0] as NetworkInput));
    using batch = images.length === 1 ? (images[0] as Tensor) : ops.cat(images, 0);
    using input = ops.channelsLast(batch); // (N, 3, H, W)
    // 7x7, stride 2: (N, stemChannels, H / 2, W / 2); then a clipped 3x3 maximum, stride 2, no padding.
    using stem = convolution(this.#context, 'conv1', input, { stride: 2, padding: 3, relu: true });
    let x = ops.maxPool2dCeil(stem, 3, 2);
    this.#context.observe?.('pool1', x);
    stem.dispose();
    for (const stage of imageStages) {
      const y = residualStage(this.#context, stage, x);
      x.dispose();
      x = y;
    }
    return x;
  }

  /** (1, 3, H, W) */
  #imageOf({ values, height, width }: NetworkInput, first: NetworkInput): Tensor {
    const { inputChannels } = this.architecture;
    if (values.length !== inputChannels * height * width) {
      throw new LxmertError(
        `An image of ${width} x ${height} pixels must have ${inputChannels * height * width} values for the detector; it has ${values.length}.`,
      );
    }
    if (height < MIN_INPUT_SIDE || width < MIN_INPUT_SIDE) {
      throw new LxmertError(
        `An image of ${width} x ${height} pixels after scaling is too narrow for the detector, which needs ${MIN_INPUT_SIDE} on each side.`,
      );
    }
    if (height !== first.height || width !== first.width) {
      throw new LxmertError(
        `Images that the detector sees together must have one size after scaling; one is ${first.width} x ${first.height} and one ${width} x ${height}.`,
      );
    }
    return fromTypedArray(values, [1, inputChannels, height, width]);
  }

  /** (n, 4) in pixels of the scaled image */
  #propose(map: Tensor, size: ScaledSize): Float32Array {
    const context = this.#context;
    return scope(() => {
      const hidden = convolution(context, 'rpn_conv/3x3', map, { padding: 1, relu: true });
      const [, , height, width] = hidden.shape as [number, number, number, number];
      const propose = this.#rules === 'caffe' ? proposeRegions : proposePortRegions;
      return propose(
        {
          height,
          width,
          // (1, 2A, H, W) and (1, 4A, H, W)
          scores: convolution(context, 'rpn_cls_score', hidden).toFloat32Array(),
          deltas: convolution(context, 'rpn_bbox_pred', hidden).toFloat32Array(),
        },
        size,
        this.architecture.anchors,
      );
    });
  }

  #describe(map: Tensor, boxes: Float32Array): RegionOutputs {
    const numRegions = boxes.length / 4;
    const cells = ops.to(map, this.#precision);
    const { regionStage, numClasses, numAttributes } = this.architecture;
    const outputs = {
      numRegions,
      boxes,
      features: new Float32Array(numRegions * regionStage.outputChannels),
      classProbabilities: new Float32Array(numRegions * numClasses),
      attributeProbabilities: new Float32Array(numRegions * numAttributes),
      ...(this.#rules === 'caffe' ? {} : { boxDeltas: new Float32Array(numRegions * numClasses * 4) }),
    };
    for (let first = 0; first < numRegions; first += this.#regionsAtOnce) {
      scope(() => {
        const part = boxes.slice(first * 4, (first + this.#regionsAtOnce) * 4);
        const { features, classes, attributes, deltas } = this.#describePart(cells, part);
        outputs.features.set(features.data() as Float32Array, first * regionStage.outputChannels);
        outputs.classProbabilities.set(classes.data() as Float32Array, first * numClasses);
        outputs.attributeProbabilities.set(attributes.data() as Float32Array, first * numAttributes);
        if (deltas !== undefined)
          outputs.boxDeltas?.set(deltas.data() as Float32Array, first * numClasses * 4);
      });
    }
    return outputs;
  }

  #describePart(map: Tensor, boxes: Float32Array): DescribedRegions {
    const { anchors, pooledSize, regionStage } = this.architecture;
    const context = this.#context;
    const pooled = ops.roiMaxPool(
      map,
      fromTypedArray(boxes, [boxes.length / 4, 4]),
      1 / anchors.stride,
      pooledSize,
    );
    context.observe?.('roi_pool5', pooled); // (R, mapChannels, 14, 14)
    const last = residualStage(context, regionStage, pooled); // (R, featureSize, 14, 14)
    const features = ops.mean(ops.to(last, 'float32'), [2, 3]); // (R, featureSize)
    context.observe?.('pool5_flat', features);
    const classLogits = dense(context, 'cls_score', features);
    // The attribute head is told the class, the background included.
    const predicted = ops.argmax(classLogits, 1); // (R)
    const embedded = ops.indexSelect(context.weightOf('cls_embedding.weight'), 0, predicted);
    const hidden = dense(context, 'fc_attr', ops.cat([features, embedded], 1), { relu: true });
    const attributeLogits = dense(context, 'attr_score', hidden);
    const isPort = this.#rules === 'port';
    return {
      features: ops.contiguous(features),
      classes: ops.softmax(classLogits, 1),
      attributes: isPort ? softmaxWithoutFirst(attributeLogits) : ops.softmax(attributeLogits, 1),
      ...(isPort ? { deltas: dense(context, 'bbox_pred', features) } : {}), // (R, 4 x classes)
    };
  }
}

/** Of some regions; probabilities as {@link RegionOutputs} has them. */
interface DescribedRegions {
  readonly features: Tensor;
  readonly classes: Tensor;
  readonly attributes: Tensor;
  readonly deltas?: Tensor;
}

/** The ports leave "no attribute" out before the softmax; its column is 0 then. (R, A) */
function softmaxWithoutFirst(logits: Tensor): Tensor {
  const [numRegions = 0, numAttributes = 0] = logits.shape;
  const others = ops.softmax(ops.narrow(logits, 1, 1, numAttributes - 1), 1);
  return ops.cat([ops.zeros([numRegions, 1]), others], 1);
}

/** Checks the weights and gives the last stage's the network's format, and all convolutions' their order in memory. */
function prepareWeights(
  weights: DetectorWeights,
  shapes: ReadonlyMap<string, readonly number[]>,
  { regionStage }: DetectorArchitecture,
  precision: 'float32' | 'bfloat16',
): Map<string, Tensor> {
  for (const [name, shape] of shapes) {
    const found = weights[name];
    if (found === undefined) {
      throw new LxmertError(`The detector's weights lack ${name}, which should be ${shape.join(' x ')}.`);
    }
    if (found.shape.length !== shape.length || found.shape.some((size, i) => size !== shape[i])) {
      throw new LxmertError(
        `The detector's weight ${name} should be ${shape.join(' x ')}; it is ${found.shape.join(' x ')}.`,
      );
    }
  }
  return scope(() => {
    const prepared = new Map<string, Tensor>();
    for (const name of shapes.keys()) {
      const dtype = name.startsWith(regionStage.name) ? precision : 'float32';
      const weight = ops.to(weights[name] as Tensor, dtype);
      prepared.set(name, keep(weight.shape.length === 4 ? ops.channelsLast(weight) : ops.contiguous(weight)));
    }
    return prepared;
  });
}
