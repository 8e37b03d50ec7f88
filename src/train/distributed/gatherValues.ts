/** @file Values of JavaScript from all processes. */

import { fromTypedArray, type ProcessGroup, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/**
 * Every process's value, by rank, in every process. Values travel as JSON.
 *
 * @throws CollectiveError when another process is gone or does not answer
 */
export function gatherValues<T>(group: ProcessGroup, value: T): T[] {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return scope(() => {
    const each = <R>(make: () => R): R[] => Array.from({ length: group.worldSize }, make);
    const lengths = each(() => ops.zeros([1], { dtype: 'int64' }));
    group.allGather(lengths, fromTypedArray(BigInt64Array.of(BigInt(bytes.length)))).wait();
    const sizes = lengths.map((length) => length.item());
    const longest = Math.max(...sizes);
    const padded = new Uint8Array(longest);
    padded.set(bytes);
    const outputs = each(() => ops.zeros([longest], { dtype: 'uint8' }));
    group.allGather(outputs, fromTypedArray(padded)).wait();
    return outputs.map((output, rank) => {
      const text = (output.data() as Uint8Array).subarray(0, sizes[rank]);
      return JSON.parse(new TextDecoder().decode(text)) as T;
    });
  });
}
