/**
 * @file A model's parameters as views into flat buffers, and their gradients likewise: clipping, the optimizer, the
 * copy in bfloat16 and an all-reduce are then one pass over one tensor each.
 */

import type { Leaf, Module, Precision } from '../../model/index.js';
import {
  type Device,
  type DType,
  keep,
  noGrad,
  releaseFreeMemory,
  scope,
  setParameterBuffers,
  type Tensor,
} from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** Where a parameter lies in the buffers of its group. */
export interface FlatParameter {
  readonly name: string;
  readonly tensor: Tensor;
  readonly offset: number;
  readonly length: number;
}

/** Parameters that are computed with in one format. */
export interface FlatGroup {
  /** In the parameters' own format, float32 whatever the precision: the master weights. */
  readonly values: Tensor;
  /** In the format that the backward pass computes these gradients in. */
  readonly gradients: Tensor;
  /** The values in the format that is computed with, or null when they are used as they are. */
  readonly copy: Tensor | null;
  readonly parameters: readonly FlatParameter[];
}

/** Parameters begin at multiples of this: whole cache lines in both formats. */
const ALIGNMENT = 32;

/** What is trained: never a packed weight. */
export type TrainedLeaf = Pick<Leaf, 'tensor' | 'isDense' | 'parts'>;

/** Parameters and their gradients in a few long vectors, one group for each format of gradients. */
export class FlatParameters implements Disposable {
  readonly groups: readonly FlatGroup[];

  /**
   * Moves parameters into flat buffers; handles stay valid. From now on their gradients are written there.
   *
   * @param leaves by name (`Module.leaves`)
   * @param precision 16 bits keep the gradients of dense weights, and a copy of these weights, in that format
   * @param device where the parameters are moved; a GPU's kernels take rows and weights of one format, so there all
   *   parameters have such a copy
   */
  constructor(
    leaves: ReadonlyMap<string, TrainedLeaf>,
    precision: Precision = 'float32',
    readonly device: Device = 'cpu',
  ) {
    const entries = [...leaves];
    const formatOf = ([, { tensor, isDense }]: (typeof entries)[number]): DType =>
      precision !== 'float32' && isDense ? precision : tensor.dtype;
    this.groups = [...new Set(entries.map(formatOf))].map((gradientFormat) =>
      makeGroup(
        entries.filter((entry) => formatOf(entry) === gradientFormat),
        { gradientFormat, copyFormat: device === 'cpu' ? gradientFormat : precision, device },
      ),
    );
  }

  /** The parameters of a model, whose views are made anew. */
  static of(model: Module, precision: Precision = 'float32', device: Device = 'cpu'): FlatParameters {
    const flat = new FlatParameters(model.leaves(), precision, device);
    model.forgetViews();
    // The parameters' first memory, as much as the model.
    releaseFreeMemory();
    return flat;
  }

  /**
   * Parameters with a gradient of the last backward pass. A gradient that autograd put elsewhere, as for operators
   * that know no gradient buffers, is moved into the buffer.
   */
  withGradient(group: FlatGroup): FlatParameter[] {
    return group.parameters.filter(({ tensor, offset, length }) =>
      scope(() =>
        noGrad(() => {
          const gradient = tensor.grad;
          if (gradient === null) return false;
          if (!gradient.sharesStorageWith(group.gradients)) {
            const part = ops.view(ops.narrow(group.gradients, 0, offset, length), tensor.shape);
            ops.copy_(part, gradient);
            tensor.grad = part;
          }
          return true;
        }),
      ),
    );
  }

  /** The names of parameters that have a gradient. */
  namesWithGradient(): ReadonlySet<string> {
    const found = this.groups.flatMap((group) => this.withGradient(group).map(({ name }) => name));
    return new Set(found);
  }

  /** Makes what lies in the buffers the gradients of these parameters: after kernels that wrote there by themselves. */
  attachGradients(names: ReadonlySet<string>): void {
    for (const { gradients, parameters } of this.groups) {
      for (const { name, tensor, offset, length } of parameters) {
        if (!names.has(name)) continue;
        scope(() => {
          tensor.grad = ops.view(ops.narrow(gradients, 0, offset, length), tensor.shape);
        });
      }
    }
  }

  /** Gives up all gradients; the next backward pass starts anew. */
  zeroGrad(): void {
    for (const { parameters } of this.groups) for (const { tensor } of parameters) tensor.grad = null;
  }

  /** Brings the copies up to date, after values were written by other means than the optimizer. */
  refreshCopies(): void {
    noGrad(() => {
      for (const { copy, values } of this.groups) if (copy !== null) ops.copy_(copy, values);
    });
  }

  /** Ends the buffers of gradients and copies; the parameters stay where they are. */
  [Symbol.dispose](): void {
    for (const { values, gradients, copy, parameters } of this.groups) {
      for (const { tensor } of parameters) {
        tensor.grad = null;
        setParameterBuffers(tensor, null, null);
      }
      values.dispose();
      gradients.dispose();
      copy?.dispose();
    }
  }
}

interface GroupFormats {
  readonly gradientFormat: DType;
  readonly copyFormat: DType;
  readonly device: Device;
}

function makeGroup(
  entries: readonly (readonly [string, TrainedLeaf])[],
  { gradientFormat, copyFormat, device }: GroupFormats,
): FlatGroup {
  const parameters: FlatParameter[] = [];
  let total = 0;
  for (const [name, { tensor }] of entries) {
    parameters.push({ name, tensor, offset: total, length: tensor.numel });
    total += Math.ceil(tensor.numel / ALIGNMENT) * ALIGNMENT;
  }
  return noGrad(() => {
    const master = entries[0]?.[1].tensor.dtype ?? 'float32';
    const values = keep(ops.zeros([total], { dtype: master, device }));
    for (const { tensor, offset, length } of parameters) {
      scope(() => {
        const place = ops.view(ops.narrow(values, 0, offset, length), tensor.shape);
        ops.copy_(place, tensor);
        if (tensor.device === device) ops.setData(tensor, place);
        else tensor.adopt(place);
      });
    }
    const gradients = keep(ops.zeros([total], { dtype: gradientFormat, device }));
    const copy = copyFormat === master ? null : keep(ops.to(values, copyFormat));
    for (const { tensor, offset, length } of parameters) {
      scope(() => {
        const part = (flat: Tensor): Tensor => ops.view(ops.narrow(flat, 0, offset, length), tensor.shape);
        setParameterBuffers(tensor, part(gradients), copy && part(copy));
      });
    }
    return { values, gradients, copy, parameters };
  });
}
