/** @file Drawn questions as the model's inputs. */

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
  const rows = questions.map(({ row }) => row);
  const [first] = rows;
  const numBoxes = first?.numBoxes ?? 0;
  const featureSize = (first?.features.length ?? 0) / numBoxes;
  return {
    inputIds: tensor(
      padded((id) => id),
      shape,
    ), // (B, width)
    tokenTypeIds: tensor(new Int32Array((shape[0] as number) * width), shape),
    attentionMask: tensor(
      padded(() => 1),
      shape,
    ),
    features: tensor(concatenated(rows.map(({ features }) => features)), [
      rows.length,
      numBoxes,
      featureSize,
    ]), // (B, regions, 2048)
    boxes: tensor(concatenated(rows.map(({ boxes, width: side }) => boxes.map((value) => value / side))), [
      rows.length,
      numBoxes,
      4,
    ]),
  };
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
