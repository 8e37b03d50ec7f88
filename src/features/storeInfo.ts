/** @file What a feature store holds, as data and as text. */

import { formatBytes } from '../formats/numbers.js';
import type { Provenance } from './provenance.js';
import type { FeatureDType } from './shardFormat.js';
import { openShards } from './storeFiles.js';

export interface StoreInfo {
  readonly path: string;
  readonly numImages: number;
  readonly numShards: number;
  readonly numBoxes: number;
  readonly featureSize: number;
  readonly dtype: FeatureDType;
  readonly numBytes: number;
  readonly provenance: Provenance;
  /** The first ids. */
  readonly sampleIds: readonly string[];
}

const NUM_SAMPLES = 3;

/** Reads headers only. */
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
    provenance: first.metadata.provenance,
    sampleIds: first.metadata.imageIds.slice(0, NUM_SAMPLES),
  };
}

/** Lines for a person. */
export function formatStoreInfo(info: StoreInfo): string {
  const { provenance } = info;
  const settings = Object.entries(provenance.settings).map(([name, value]) => `${name}=${value}`);
  const lines: [string, string][] = [
    ['store', info.path],
    [
      'images',
      `${info.numImages} (${info.sampleIds.join(', ')}${info.numImages > NUM_SAMPLES ? ', ...' : ''})`,
    ],
    ['shards', String(info.numShards)],
    ['size', formatBytes(info.numBytes)],
    ['features', `${info.numBoxes} boxes of ${info.featureSize} ${info.dtype} values`],
    ['detector', provenance.detector ?? 'not stated'],
    ['weights', provenance.weightsSha256 === null ? 'not stated' : `SHA-256 ${provenance.weightsSha256}`],
    ['settings', settings.length === 0 ? 'not stated' : settings.join(', ')],
    ['source', provenance.source ?? 'made directly'],
    ['created by', provenance.createdBy],
  ];
  return `${lines.map(([name, value]) => `${name.padEnd(11)} ${value}`).join('\n')}\n`;
}
