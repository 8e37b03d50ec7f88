/** @file Drawn questions as the model's inputs. */

import { batchFromRows } from '../../features/index.js';
import type { LxmertInputs } from '../../model/index.js';
import { tensor } from '../../torch/index.js';
import type { BenchQuestion } from './questions.js';

/** Padded to the longest. The tensors belong to the scope that this is called in. */
export function inputsOf(questions: readonly BenchQuestion[]): LxmertInputs {
  const width = Math.max(...questions.map(({ inputIds }) => inputIds.length));
  const shape = [questions.length, width];
  const padded = (numberOf: (id: number) => number): Int32Array =>
    Int32Array.from(
      questions.flatMap(({ inputIds }) =>
        Array.from({ length: width }, (_, i) => (i < inputIds.length ? numberOf(inputIds[i] as number) : 0)),
      ),
    );
  const { features, boxes } = batchFromRows(questions.map(({ row }) => row));
  return {
    inputIds: tensor(
      padded((id) => id),
      shape,
    ), // (B, width)
    tokenTypeIds: tensor(
      padded(() => 0),
      shape,
    ),
    attentionMask: tensor(
      padded(() => 1),
      shape,
    ),
    features, // (B, regions, 2048)
    boxes,
  };
}
