/** @file The detector's network: from an image's values to proposals, and from proposals to features and labels. */

import { LxmertError } from '../../common/errors.js';
import {
  type Device,
  fromTypedArray,
  noGrad,
  place,
  requirePrecision,
  scope,
  type Tensor,
} from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture, weightShapes } from './architecture.js';
import { describeChosen } from './caffe/describeChosen.js';
import { describeRegions, RegionDescription } from './describeRegions.js';
import { MIN_INPUT_SIDE, proposeRegions } from './detectionRules.js';
import type { DetectorHead } from './detectorHead.js';
import { describeOnGpu } from './gpu/describeOnGpu.js';
import { proposeOnGpu } from './gpu/proposeOnGpu.js';
import type { RegionOutputs } from './labelledRegions.js';
import { convolution, convolution3x3, type LayerContext, type Observe, residualStage } from './layers.js';
import { nativeSuppression } from './nativeSuppression.js';
import {
  type DetectorPrecision,
  type DetectorWeights,
  type PreparedWeights,
  prepareWeights,
} from './networkWeights.js';
import type { DetectorProfile } from './profiles.js';
import type { ScaledSize } from './proposals.js';

export interface NetworkOptions {
  readonly architecture?: DetectorArchitecture;
  /** What computes; a GPU with its number. Default `cpu`. */
  readonly device?: Device;
  /** Format of convolutions: {@link DetectorPrecision}. Default float32. */
  readonly precision?: DetectorPrecision;
  /**
   * Whose rules proposals and outputs follow: the original's, or those of its PyTorch ports, which need `bbox_pred`
   * among the weights. Default `caffe`.
   */
  readonly rules?: DetectorProfile['rules'];
  /**
   * Regions that go through the last stage at once: about 5 MB of memory each at full size, half of that in a format of 16
   * bits. Default 32 on the processor, whose caches they pass through, and 256 on a GPU, which needs many to be busy.
   */
  readonly regionsAtOnce?: number;
  /** Called with each layer's output, for tests; the tensor ends with the call of the network. */
  readonly observe?: Observe;
}

const REGIONS_AT_ONCE = { cpu: 32, gpu: 256 } as const;

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
  readonly device: Device;
  readonly #weights: PreparedWeights;
  readonly #precision: DetectorPrecision;
  readonly #regionsAtOnce: number;
  readonly #context: LayerContext;
  readonly #head: DetectorHead;

  /**
   * @throws LxmertError when a weight is missing or has another shape; UsageError for a format that the device cannot
   * compute in
   */
  constructor(weights: DetectorWeights, options: NetworkOptions = {}) {
    const {
      architecture = BOTTOM_UP_ATTENTION,
      device = 'cpu',
      precision = 'float32',
      rules = 'caffe',
    } = options;
    requirePrecision(precision, device);
    this.architecture = architecture;
    this.device = device;
    this.#precision = precision;
    this.#regionsAtOnce = options.regionsAtOnce ?? REGIONS_AT_ONCE[device === 'cpu' ? 'cpu' : 'gpu'];
    const shapes = weightShapes(architecture, { withBoxPredictor: rules === 'detectron2' });
    // Who watches sees the layers one by one.
    const packs = options.observe === undefined;
    this.#weights = prepareWeights(weights, shapes, { architecture, precision, device, packs });
    this.#context = {
      weightOf: (name) => this.#weights.plain.get(name) as Tensor,
      packed: this.#weights.packed,
      observe: options.observe,
    };
    this.#head = { context: this.#context, architecture, rules };
  }

  /** Proposals, features and probabilities of one image. */
  run(input: NetworkInput): RegionOutputs {
    return this.runBatch([input])[0] as RegionOutputs;
  }

  /**
   * The same of each of several images of one size, which go through the image's stages together. On the processor what
   * follows is done image by image, so that the regions of one never share a product with another's. On a GPU all images'
   * regions go through the last stage together, and this thread waits for the GPU twice: for the proposals, and for the
   * outputs.
   *
   * @param profile by which regions will be chosen. On the processor outputs are then exact only of the regions that it
   * chooses, and what is said of the others is near enough that it chooses these (`caffe/describeChosen.ts`)
   * @throws LxmertError when their sizes differ
   */
  runBatch(inputs: readonly NetworkInput[], profile?: DetectorProfile): RegionOutputs[] {
    if (inputs.length === 0) return [];
    return noGrad(() =>
      scope(() => {
        const maps = this.#featureMaps(inputs);
        if (this.device !== 'cpu') {
          return describeOnGpu(this.#head, maps, this.#proposeOnGpu(maps, inputs), this.#regionsAtOnce);
        }
        return inputs.map((input, i) =>
          scope(() => {
            const map = ops.channelsLast(ops.narrow(maps, 0, i, 1)); // (1, mapChannels, H / 16, W / 16)
            const boxes = this.#propose(map, input);
            return this.#describe(map, boxes, input, profile);
          }),
        );
      }),
    );
  }

  /** The same for boxes (n, 4) that are given, in pixels of the scaled image. */
  runOnBoxes(input: NetworkInput, boxes: Float32Array): RegionOutputs {
    return noGrad(() =>
      scope(() => {
        const maps = this.#featureMaps([input]);
        return this.device === 'cpu'
          ? this.#describe(maps, boxes, input)
          : (describeOnGpu(this.#head, maps, [boxes], this.#regionsAtOnce)[0] as RegionOutputs);
      }),
    );
  }

  dispose(): void {
    const { plain, packed } = this.#weights;
    for (const weight of [...plain.values(), ...[...packed.values()].flat()]) weight.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** -> (N, mapChannels, height / 16, width / 16) */
  #featureMaps(inputs: readonly NetworkInput[]): Tensor {
    const { imageStages } = this.architecture;
    const images = inputs.map((input) => this.#imageOf(input, inputs[0] as NetworkInput));
    using batch = place(images.length === 1 ? (images[0] as Tensor) : ops.cat(images, 0), this.device);
    using rounded = this.device === 'cpu' ? batch : ops.to(batch, this.#precision);
    using input = ops.channelsLast(rounded); // (N, 3, H, W)
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

  /** On the processor. */
  #describe(
    map: Tensor,
    boxes: Float32Array,
    { scale }: ScaledSize,
    profile?: DetectorProfile,
  ): RegionOutputs {
    const regions = { map: ops.to(map, this.#precision), boxes, regionsAtOnce: this.#regionsAtOnce };
    // By the ports' rules boxes are moved before any is suppressed, and most regions could matter.
    if (profile?.rules !== 'caffe' || this.#context.observe !== undefined) {
      return describeRegions(this.#head, regions);
    }
    const described = new RegionDescription(this.#head, regions);
    describeChosen(described, scale, profile, nativeSuppression);
    return described.outputs;
  }

  /** (n, 4) in pixels of the scaled image */
  #propose(map: Tensor, size: ScaledSize): Float32Array {
    const context = this.#context;
    return scope(() => {
      const hidden = convolution3x3(context, 'rpn_conv/3x3', map);
      const [, , height, width] = hidden.shape as [number, number, number, number];
      return proposeRegions(
        this.#head.rules,
        {
          height,
          width,
          // (1, 2A, H, W) and (1, 4A, H, W)
          scores: convolution(context, 'rpn_cls_score', hidden).toFloat32Array(),
          deltas: convolution(context, 'rpn_bbox_pred', hidden).toFloat32Array(),
        },
        size,
        this.architecture.anchors,
        nativeSuppression,
      );
    });
  }

  /** (n, 4) of each image, in pixels of the scaled image */
  #proposeOnGpu(maps: Tensor, images: readonly ScaledSize[]): Float32Array[] {
    const context = this.#context;
    return scope(() => {
      const hidden = convolution3x3(context, 'rpn_conv/3x3', maps);
      const exact = ops.to(hidden, 'float32');
      const outputs = {
        scores: convolution(context, 'rpn_cls_score', exact), // (N, 2A, H, W)
        deltas: convolution(context, 'rpn_bbox_pred', exact), // (N, 4A, H, W)
      };
      return proposeOnGpu(outputs, images, this.architecture.anchors, this.#head.rules);
    });
  }
}
