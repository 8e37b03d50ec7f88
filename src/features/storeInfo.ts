/** @file What a feature store holds, as data and as text. */

import { formatBytes, formatCount } from '../formats/numbers.js';
import { formatReach } from './boxReach.js';
import { formatSummary } from './featureValues.js';
import { labelsOf, lacksSizes, type Provenance } from './provenance.js';
import type { FeatureDType } from './shardFormat.js';
import { openShards } from './storeFiles.js';
import { type StoreSample, sampleStore } from './storeSample.js';

export interface StoreInfo {
  readonly path: string;
  readonly numImages: number;
  readonly numShards: number;
  readonly numBoxes: number;
  readonly featureSize: number;
  readonly dtype: FeatureDType;
  readonly numBytes: number;
  /** What some images hold, and whether that can be. */
  readonly sample: StoreSample;
  readonly provenance: Provenance;
  /** The first ids. */
  readonly sampleIds: readonly string[];
}

const NUM_SAMPLES = 3;
/** Images that are looked at. */
const NUM_SAMPLED = 32;

/** Reads headers, and some images. */
export function storeInfo(path: string): StoreInfo {
  const shards = openShards(path);
  const [first] = shards;
  if (first === undefined) throw new RangeError('openShards returns at least one shard.');
  return {
    path,
    numImages: shards.reduce((sum, shard) => sum + shard.numImages, 0),
    numShards: shards.length,
    ...first.layout,
    numBytes: shards.reduce((sum, shard) => sum + shard.fileBytes, 0),
    sample: sampleStore(shards, NUM_SAMPLED),
    provenance: first.metadata.provenance,
    sampleIds: first.metadata.imageIds.slice(0, NUM_SAMPLES),
  };
}

/** Lines for a person. */
export function formatStoreInfo(info: StoreInfo): string {
  const { provenance, sample } = info;
  const settings = Object.entries(provenance.settings).map(([name, value]) => `${name}=${value}`);
  const lines: [string, string][] = [
    ['store', info.path],
    [
      'images',
      `${info.numImages} (${info.sampleIds.join(', ')}${info.numImages > NUM_SAMPLES ? ', ...' : ''})`,
    ],
    ['shards', String(info.numShards)],
    ['size', formatBytes(info.numBytes)],
    ['features', `${formatCount(info.numBoxes, 'box')} of ${info.featureSize} ${info.dtype} values`],
    ['values', `${formatSummary(sample.values)} (${formatCount(sample.numImages, 'image')} looked at)`],
    ['boxes', formatReach(sample.reach)],
    ['labels', LABELS[labelsOf(provenance)]],
    ...(lacksSizes(provenance) ? [NO_SIZES] : []),
    ['detector', provenance.detector ?? 'not stated'],
    ['weights', provenance.weightsSha256 === null ? 'not stated' : `SHA-256 ${provenance.weightsSha256}`],
    ['settings', settings.length === 0 ? 'not stated' : settings.join(', ')],
    ['source', provenance.source ?? 'made directly'],
    ['created by', provenance.createdBy],
  ];
  const table = lines.map(([name, value]) => `${name.padEnd(11)} ${value}`);
  const warning = sample.problem === undefined ? [] : [`Something is wrong: ${sample.problem}`];
  return `${[...table, ...warning].join('\n')}\n`;
}

const NO_SIZES: [string, string] = [
  'pictures',
  'of unknown size (boxes are shares of their sides, which the model needs, and cannot be drawn)',
];

export const LABELS = {
  all: 'objects and attributes',
  objects: 'objects only (zeros stand for attributes)',
  none: 'none (zeros stand for objects and attributes)',
};
