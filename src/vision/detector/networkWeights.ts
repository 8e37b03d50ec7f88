/** @file The network's weights: checked, in the formats that its layers compute in, on its device. */

import { LxmertError } from '../../common/errors.js';
import { type Device, keep, place, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DetectorArchitecture, StageArchitecture } from './architecture.js';
import { regionGrids } from './regionGrids.js';

/** Tensors by the names of `weightShapes`; others are not read. */
export type DetectorWeights = Readonly<Record<string, Tensor>>;

/**
 * On the processor the format of the last stage's convolutions, 92 % of the arithmetic, float16 not among them. All else
 * is float32 there whatever this says: rounding in the first layers grows through the hundred that follow, to several
 * percent of a feature in bfloat16, while rounding in the last stage stays below one; and proposals are float32's to the
 * last bit.
 *
 * On a GPU the format of all convolutions but the two that give proposals: the first stages would take half of the time
 * there. float16 rounds eight times less than bfloat16, and features and activations stay far below its largest number.
 * Dense layers, softmax and boxes are float32.
 */
export type DetectorPrecision = 'float32' | 'bfloat16' | 'float16';

export interface WeightSettings {
  readonly architecture: DetectorArchitecture;
  readonly precision: DetectorPrecision;
  readonly device: Device;
  /** Whether convolutions are packed where they can be. */
  readonly packs: boolean;
}

export interface PreparedWeights {
  readonly plain: ReadonlyMap<string, Tensor>;
  /** Of convolutions by their layers' names; their weights are not among the plain ones. */
  readonly packed: ReadonlyMap<string, readonly Tensor[]>;
}

/** Their outputs are boxes and what orders them: 8 bits would make thousands of scores equal. */
const PROPOSAL_OUTPUTS = ['rpn_cls_score', 'rpn_bbox_pred'];

/**
 * Convolutions' weights have the channels of one place side by side, as activations have.
 *
 * @throws LxmertError when a weight is missing or has another shape
 */
export function prepareWeights(
  weights: DetectorWeights,
  shapes: ReadonlyMap<string, readonly number[]>,
  settings: WeightSettings,
): PreparedWeights {
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
  const toPack = settings.packs ? packableLayers(settings) : new Set<string>();
  return scope(() => {
    const plain = new Map<string, Tensor>();
    const packed = new Map<string, readonly Tensor[]>();
    for (const name of shapes.keys()) {
      const layer = name.replace(/\.(weight|bias)$/, '');
      const isConvolution = shapes.get(`${layer}.weight`)?.length === 4;
      const dtype = isConvolution ? formatOf(layer, settings) : 'float32';
      if (name.endsWith('.weight') && toPack.has(layer)) {
        packed.set(
          layer,
          scope(() => ops.packConvolution(ops.to(weights[name] as Tensor, 'float32'))).map(keep),
        );
        continue;
      }
      const weight = ops.to(place(weights[name] as Tensor, settings.device), dtype);
      plain.set(name, keep(weight.shape.length === 4 ? ops.channelsLast(weight) : ops.contiguous(weight)));
    }
    return { plain, packed };
  });
}

/** Residual blocks without dilation and the proposals' 3x3, in float32 on the processor. */
function packableLayers({ architecture, precision, device }: WeightSettings): Set<string> {
  if (device !== 'cpu') return new Set();
  const stages: StageArchitecture[] = [...architecture.imageStages];
  if (precision === 'float32') stages.push(regionGrids(architecture).stage);
  const layers = stages
    .filter(({ dilation }) => dilation === 1)
    .flatMap(({ name, blocks }) =>
      blocks.flatMap((block, i) =>
        [...(i === 0 ? ['branch1'] : []), 'branch2a', 'branch2b', 'branch2c'].map(
          (branch) => `${name}${block}_${branch}`,
        ),
      ),
    );
  return new Set([...layers, 'rpn_conv/3x3']);
}

/** What a convolution computes in. */
function formatOf(layer: string, { architecture, precision, device }: WeightSettings): DetectorPrecision {
  const isRounded =
    device === 'cpu' ? layer.startsWith(architecture.regionStage.name) : !PROPOSAL_OUTPUTS.includes(layer);
  return isRounded ? precision : 'float32';
}
