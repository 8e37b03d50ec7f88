/**
 * @file A folder of pictures to a feature store. `node extract.js FOLDER OUT WEIGHTS.caffemodel` extracts with the
 * published detector; without arguments, a small detector of random weights does it on drawn pictures.
 */

import path from 'node:path';
import { saveTensors } from 'lxmert/checkpoint';
import {
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  extractFeatures,
  FeatureStore,
  listImageFiles,
  RegionDetector,
  storeInfo,
  weightShapes,
} from 'lxmert/features';
import { disposeTensors, manualSeed, ops, scope } from 'lxmert/torch';
import { sampleWorld } from './sampleWorld.js';

const [pictures, out, weights] = process.argv.slice(2);
const practice = pictures === undefined ? await practiceJob() : undefined;
const job = practice ?? { pictures: pictures ?? '', out: out ?? 'features', weights: weights ?? '' };

// By their content; folders are searched. The ids are their names up to the first dot.
const { images, unreadable } = await listImageFiles([job.pictures]);
for (const { reason } of unreadable) console.error(reason);

using detector = await RegionDetector.load(job.weights, {
  ...(practice && { architecture: practice.architecture }),
  // LXMERT was trained with 36 regions of each picture, which is what the published weights give if nothing is said.
  ...(practice && { minBoxes: 4, maxBoxes: 4 }),
});
const { numExtracted, skipped } = await extractFeatures({
  images,
  detector,
  out: job.out,
  onSkip: ({ file, reason }) => console.error(`${file}: ${reason}`),
});
console.log(`${numExtracted} pictures extracted, ${unreadable.length + skipped.length} skipped.`);

const { numImages, numBoxes, featureSize, provenance } = storeInfo(job.out);
console.log(
  `${numImages} images of ${numBoxes} regions with ${featureSize} numbers, by ${provenance.detector}.`,
);

// What a model reads of it.
using store = FeatureStore.open(job.out);
scope(() => {
  const { features, boxes } = store.gather(store.imageIds.slice(0, 2));
  console.log(`A batch: features (${features.shape.join(', ')}), boxes (${boxes.shape.join(', ')}).`);
});

/** Pictures of the sample world, and a detector of the published one's form that is small and knows nothing. */
async function practiceJob() {
  using world = await sampleWorld(20);
  const stage = { blocks: ['a'], middleChannels: 4, outputChannels: 8, stride: 2, dilation: 1 };
  const architecture: DetectorArchitecture = {
    ...BOTTOM_UP_ATTENTION,
    stemChannels: 4,
    imageStages: ['res2', 'res3', 'res4'].map((name, i) => ({ ...stage, name, stride: i === 0 ? 1 : 2 })),
    regionStage: { ...stage, name: 'res5', outputChannels: 16, stride: 1, dilation: 2 },
    rpnChannels: 4,
    numClasses: 5,
    classEmbeddingSize: 4,
    attributeHiddenSize: 4,
    numAttributes: 3,
  };
  manualSeed(1);
  const tensors = scope(() => {
    const shapes = weightShapes(architecture, { withBoxPredictor: true });
    return new Map([...shapes].map(([name, shape]) => [name, ops.mul(ops.randn(shape), 0.05)]));
  });
  const file = path.join(world.folder, 'detector.safetensors');
  await saveTensors(file, tensors, { 'lxmert.detector': 'caffe' });
  disposeTensors(tensors);
  const folder = path.dirname(world.picture('sample_minival_000000'));
  return { pictures: folder, out: path.join(world.folder, 'features'), weights: file, architecture };
}
