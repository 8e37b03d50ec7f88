/**
 * @file A detector for tests of extraction: regions that follow from a picture's pixels alone, found in no time or in as
 * long as a test wants. Plain JavaScript, so that processes of their own can use it with the built program.
 */

import { appendFileSync } from 'node:fs';

const FEATURE_SIZE = 4;

/**
 * @param {{ readonly log?: string, readonly milliseconds?: number, readonly precision?: string, readonly minBoxes?: number }} settings
 *   a file that gets a line for each picture described, and how long that takes
 */
export function plainRegions({ log, milliseconds = 0, precision = 'float32', minBoxes = 2 } = {}) {
  const describe = ({ height, width, input }) => {
    if (log !== undefined) appendFileSync(log, `${input.data.join()}\n`);
    if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    return { height, width, mean: input.data };
  };
  const regions = ({ height, width, mean }, boxes) => {
    const numBoxes = boxes.length / 4;
    const each = (make) => Array.from({ length: numBoxes }, (_, box) => make(box));
    return {
      height,
      width,
      numBoxes,
      objectsId: BigInt64Array.from(each((box) => BigInt(box + 3))),
      objectsConf: Float32Array.from(each((box) => 0.5 / (box + 1))),
      attrsId: BigInt64Array.from(each((box) => BigInt(box + 7))),
      attrsConf: Float32Array.from(each((box) => 0.25 / (box + 1))),
      boxes: Float32Array.from(boxes),
      features: Float32Array.from(each((box) => [...mean, box]).flat()),
    };
  };
  return {
    profile: { name: 'plain', minBoxes, maxBoxes: 3 },
    provenance: {
      detector: 'plain regions',
      weightsSha256: 'ab'.repeat(32),
      // Its features are colours.
      settings: { profile: 'plain', minBoxes, maxBoxes: 3, precision, featureRange: '0,255' },
      source: null,
      createdBy: 'a test',
    },
    featureSize: FEATURE_SIZE,
    /** The means of red, green and blue are all that counts. */
    prepare({ height, width, data }) {
      const sums = [0, 0, 0];
      for (let i = 0; i < data.length; i++) sums[i % 3] += data[i];
      const means = Float32Array.from(sums, (sum) => sum / (height * width));
      return { height, width, input: { data: means, height, width, scale: 1 } };
    },
    detectBatch(images) {
      const [first] = images;
      if (
        images.some(({ input }) => input.height !== first.input.height || input.width !== first.input.width)
      ) {
        throw new Error('The pictures of a batch have several sizes.');
      }
      return images.map((image) => {
        const seen = describe(image);
        const { height, width } = image;
        // Black pictures are empty, and dark ones have one region.
        const brightness = Math.max(...seen.mean);
        if (brightness === 0) return regions(seen, []);
        const whole = [0, 0, width, height];
        return regions(seen, brightness < 10 ? whole : [...whole, 0, 0, width / 2, height / 2]);
      });
    },
    describeBoxes(image, boxes) {
      return regions(describe(image), boxes);
    },
  };
}
