import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorpusBuilder, type PretrainingCorpus } from '../../../src/data/pretraining/corpus.js';
import type { SampledExample } from '../../../src/data/pretraining/sampling.js';
import { FeatureStore } from '../../../src/features/index.js';
import { FeatureStoreWriter } from '../../../src/features/storeWriter.js';
import { unknownProvenance } from '../../../src/features/unknownProvenance.js';
import { lxmertConfig, PretrainingModel } from '../../../src/model/index.js';
import { pretrainingBatch } from '../../../src/tasks/pretraining/batch.js';
import { DEFAULT_LOSSES, lossDenominators } from '../../../src/tasks/pretraining/labels.js';
import { pretrainingLosses } from '../../../src/tasks/pretraining/losses.js';
import { Vocabulary, WordPieceTokenizer } from '../../../src/text/index.js';
import { noGrad, scope } from '../../../src/torch/index.js';
import { makeRow, temporaryFolder } from '../../features/support.js';

const folder = temporaryFolder();
// The second image has fewer regions than there is room for.
const rows = [makeRow(1), makeRow(2, { numBoxes: 2 }), makeRow(3)];
const size = 6;
const tokenizer = new WordPieceTokenizer(
  new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'red', 'star']),
);
const classes = { numObjects: 1600, numAttributes: 400, numAnswers: 3 };

let store: FeatureStore;
let corpus: PretrainingCorpus;
beforeAll(async () => {
  const target = path.join(folder, 'store');
  const writer = await FeatureStoreWriter.create(target, {
    provenance: unknownProvenance,
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 2,
  });
  for (const row of rows) await writer.add(row);
  await writer.finish();
  store = FeatureStore.open(target);
  // Shards are mapped when they are first touched, and stay.
  scope(() => void store.gather(rows.map(({ imageId }) => imageId)));
  const builder = new CorpusBuilder();
  for (const { imageId } of rows) builder.add(imageId, 'mscoco', 'a red star', undefined);
  corpus = builder.finish();
});
afterAll(() => store.dispose());

const examples: readonly SampledExample[] = [
  {
    example: 0,
    isMatched: true,
    words: { pieces: [5, 4, 7], labels: [-1, 6, -1] },
    regions: {
      mask: Uint8Array.of(1, 0, 1, 1),
      zeroed: [0],
      substitutes: [{ region: 3, fromImage: 2, fromRegion: 1 }],
    },
    answer: 2,
  },
  {
    example: 1,
    isMatched: false,
    words: { pieces: [5], labels: [5] },
    regions: { mask: Uint8Array.of(0, 1), zeroed: [1], substitutes: [] },
    answer: -1,
  },
];

const featuresOf = (image: number, region: number): number[] => [
  ...rows[image]!.features.subarray(region * size, (region + 1) * size),
];

describe('pretrainingBatch', () => {
  it('shows zeros, another region or its own where regions are masked, and keeps what is to be predicted', () =>
    scope(() => {
      const { inputs, labels } = pretrainingBatch(examples, { corpus, features: store, tokenizer, classes });
      const regionsOf = (values: Float32Array): number[][] =>
        Array.from({ length: 8 }, (_, i) => [...values.subarray(i * size, (i + 1) * size)]);
      const zeros = new Array<number>(size).fill(0);
      expect(regionsOf(inputs.features.toFloat32Array())).toEqual([
        ...[zeros, featuresOf(0, 1), featuresOf(0, 2), featuresOf(2, 1)],
        ...[featuresOf(1, 0), zeros, zeros, zeros],
      ]);
      expect(regionsOf(labels.features.toFloat32Array())).toEqual([
        ...[featuresOf(0, 0), featuresOf(0, 1), featuresOf(0, 2), featuresOf(0, 3)],
        ...[featuresOf(1, 0), featuresOf(1, 1), zeros, zeros],
      ]);
      expect([...labels.isRegion]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
      expect([...labels.regionMask]).toEqual([1, 0, 1, 1, 0, 1, 0, 0]);
      expect([...inputs.visualAttentionMask!.toFloat32Array()]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
      expect([...labels.objects.toFloat32Array().subarray(0, 4)]).toEqual(
        [...rows[0]!.objectsId].map(Number),
      );
      expect([...labels.attributeConfidences.toFloat32Array().subarray(0, 4)]).toEqual([
        ...rows[0]!.attrsConf,
      ]);
    }));

  it('pads sentences to the longest, with labels where pieces are to be predicted', () =>
    scope(() => {
      const { inputs, labels } = pretrainingBatch(examples, { corpus, features: store, tokenizer, classes });
      expect([...inputs.inputIds.data()]).toEqual([...[2, 5, 4, 7, 3], ...[2, 5, 3, 0, 0]]);
      expect([...inputs.attentionMask.data()]).toEqual([...[1, 1, 1, 1, 1], ...[1, 1, 1, 0, 0]]);
      expect([...labels.words]).toEqual([...[-1, -1, 6, -1, -1], ...[-1, 5, -1, -1, -1]]);
      expect([[...labels.isMatched], [...labels.answers]]).toEqual([
        [1, 0],
        [2, -1],
      ]);
    }));

  it('counts real regions only, in the losses too', () => {
    using model = new PretrainingModel(
      lxmertConfig({
        vocabSize: 8,
        hiddenSize: 8,
        numAttentionHeads: 2,
        intermediateSize: 8,
        numLanguageLayers: 1,
        numVisionLayers: 1,
        numCrossLayers: 1,
        maxPositionEmbeddings: 8,
        visualFeatureSize: size,
      }),
      classes,
    );
    scope(() =>
      noGrad(() => {
        const sources = { corpus, features: store, tokenizer, classes };
        const denominators = lossDenominators(pretrainingBatch(examples, sources).labels, DEFAULT_LOSSES);
        expect(denominators).toEqual({
          words: 2,
          matching: 2,
          objects: 6,
          attributes: 6,
          features: 6,
          answers: 1,
        });
        // Each alone, without padding, adds up to both together.
        const lossesOf = (some: readonly SampledExample[]) =>
          pretrainingLosses(model, pretrainingBatch(some, sources), DEFAULT_LOSSES, { denominators });
        const together = lossesOf(examples).total.item();
        const apart = examples.reduce((sum, example) => sum + lossesOf([example]).total.item(), 0);
        expect(apart / together).toBeCloseTo(1, 5);
      }),
    );
  });

  it('refuses a class that the model does not have', () =>
    scope(() => {
      const few = { ...classes, numObjects: 2 };
      expect(() => pretrainingBatch(examples, { corpus, features: store, tokenizer, classes: few })).toThrow(
        /A region of image image_\d has the object class \d+, but the model has classes 0 to 1/,
      );
    }));
});

describe('a feature store', () => {
  it('gives single regions of any images, and how many an image has', () =>
    scope(() => {
      const wanted = [
        { imageId: 'image_3', region: 2 },
        { imageId: 'image_2', region: 1 },
      ];
      expect([...store.gatherRegions(wanted).toFloat32Array()]).toEqual([
        ...featuresOf(2, 2),
        ...featuresOf(1, 1),
      ]);
      expect(['image_1', 'image_2'].map((id) => store.numBoxesOf(id))).toEqual([4, 2]);
      expect(() => store.gatherRegions([{ imageId: 'image_2', region: 2 }])).toThrow('no region 2');
    }));
});
