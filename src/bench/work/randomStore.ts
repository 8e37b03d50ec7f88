/** @file A feature store of random regions. */

import { Random } from '../../common/random.js';
import { FeatureStoreWriter, unknownProvenance } from '../../features/index.js';
import { NUM_REGIONS } from '../questions.js';

export function randomImageId(index: number): string {
  return `image${index}`;
}

/** Every image has the same regions: what is read does not matter, only how much. */
export async function writeRandomStore(
  folder: string,
  numImages: number,
  featureSize: number,
): Promise<void> {
  const random = new Random(7);
  const features = Float32Array.from({ length: NUM_REGIONS * featureSize }, () => random.uniform());
  const boxes = new Float32Array(NUM_REGIONS * 4).map((_, i) => (i % 4 < 2 ? 1 : 90));
  const writer = await FeatureStoreWriter.create(folder, {
    provenance: unknownProvenance,
    numBoxes: NUM_REGIONS,
  });
  for (let i = 0; i < numImages; i++) {
    await writer.add({
      imageId: randomImageId(i),
      height: 100,
      width: 100,
      numBoxes: NUM_REGIONS,
      boxes,
      features,
      objectsId: new BigInt64Array(NUM_REGIONS),
      objectsConf: new Float32Array(NUM_REGIONS),
      attrsId: new BigInt64Array(NUM_REGIONS),
      attrsConf: new Float32Array(NUM_REGIONS),
    });
  }
  await writer.finish();
}
