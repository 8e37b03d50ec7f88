/** @file Non-maximum suppression in every class of the region detector. */

import { Random } from '../../common/random.js';
import { fromTypedArray, noGrad, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { BOTTOM_UP_ATTENTION } from '../../vision/detector/architecture.js';
import { measure } from '../measure.js';
import { type BenchResult, type BenchSettings, timed } from '../result.js';

const NUM_PROPOSALS = 300;
const NUM_CLASSES = BOTTOM_UP_ATTENTION.numClasses;

/** Every class's non-maximum suppression over the proposals, beside copying the probabilities once. */
export async function suppression(settings: BenchSettings): Promise<BenchResult[]> {
  const random = new Random(11);
  const corners = Array.from({ length: NUM_PROPOSALS }, () => {
    const [x, y] = [random.uniform() * 500, random.uniform() * 400];
    return [x, y, x + 20 + random.uniform() * 120, y + 20 + random.uniform() * 80];
  });
  const values = Float32Array.from(
    { length: NUM_PROPOSALS * NUM_CLASSES },
    () => random.uniform() / NUM_CLASSES,
  );
  using boxes = fromTypedArray(Float32Array.from(corners.flat()), [NUM_PROPOSALS, 4]);
  using probabilities = fromTypedArray(values, [NUM_PROPOSALS, NUM_CLASSES]);
  const timing = await timed(settings, () =>
    scope(() => noGrad(() => void ops.survivingConfidence(boxes, probabilities, 1, 0.3, true))),
  );
  const copying = await measure(() => scope(() => void ops.clone(probabilities)), {
    repetitions: 20,
    warmUp: 2,
  });
  return [
    {
      name: 'suppression',
      description: `non-maximum suppression in ${NUM_CLASSES - 1} classes of ${NUM_PROPOSALS} boxes`,
      rate: 1 / timing.minSeconds,
      rateUnit: 'images/s',
      ...timing,
      limit: 'copying the probabilities once',
      limitRate: 1 / copying.minSeconds,
      limitUnit: 'copies/s',
      shareOfLimit: copying.minSeconds / timing.minSeconds,
    },
  ];
}
