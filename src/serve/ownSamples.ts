/** @file A user's own pictures as samples, with the regions that a feature store has of them. */

import path from 'node:path';
import { LxmertError, UsageError } from '../common/errors.js';
import {
  type FeatureRow,
  featureSizeOf,
  findRowProblem,
  openShards,
  readShardRow,
} from '../features/files.js';
import type { Provenance, ProvenancedFeatures } from '../features/portable.js';
import { sha256Of } from '../formats/hashes/sha256.js';
import { imageRegionsFrom } from '../inference/imageRegions.js';
import { PIXEL_REGIONS } from '../inference/regionFinder.js';
import type { LabelNames } from '../vision/detector/labelNames.js';
import { truePath } from '../vision/folderFiles.js';
import { type ImageFile, listImageFiles } from '../vision/imageFiles.js';
import { openPicture, readPicture } from '../vision/pictureFile.js';
import { type SampleScene, thumbnailOf } from './samples.js';
import type { SeenPicture } from './workers/protocol.js';

/** Samples at most: they are kept in memory, and shown side by side. */
export const MAX_OWN_SAMPLES = 24;
/** Pixels of a side of what is shown; boxes are in those of the row, whatever the size of the copy. */
const SHOWN_SIDE = 1024;

export interface OwnSamples {
  /** By name, which is the id. */
  readonly samples: ReadonlyMap<string, SampleScene>;
  /** What the store has of them, by the SHA-256 of the picture's file and of the copy that is sent. */
  readonly known: ReadonlyMap<string, SeenPicture>;
  /** What the store's features are, for the models to compare with theirs. */
  readonly features: ProvenancedFeatures;
  /** Pictures of the folder that the store has, shown or not. */
  readonly numFound: number;
  /** Pictures in the folder. */
  readonly numPictures: number;
}

export interface OwnSamplesSource {
  /** A store's folder, or one shard of it. */
  readonly store: string;
  /** The folder with the pictures. */
  readonly images: string;
  readonly names: LabelNames;
}

/**
 * The first {@link MAX_OWN_SAMPLES} pictures of a folder, by name, whose ids a store has. All of them are read here, once: a
 * request names one of them, never a file.
 *
 * @throws UsageError for a folder without pictures, and when the store has none of them; LxmertError for pictures and rows
 * that cannot be read
 */
export async function readOwnSamples({ store, images, names }: OwnSamplesSource): Promise<OwnSamples> {
  const pictures = await picturesWithin(images);
  const shards = openShards(store);
  const wanted = new Set(pictures.map(({ id }) => id));
  const places = new Map<string, { shard: (typeof shards)[number]; row: number }>();
  for (const shard of shards) {
    for (const [row, id] of shard.metadata.imageIds.entries())
      if (wanted.has(id)) places.set(id, { shard, row });
  }
  const found = pictures.filter(({ id }) => places.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const [shard] = shards;
  if (found.length === 0 || shard === undefined) {
    throw new UsageError(
      `${store} has features of none of the ${pictures.length} pictures in ${images}: its first image is ${shard?.metadata.imageIds[0]}, the folder's first id ${pictures[0]?.id}. An id is a file's name up to its first dot.`,
    );
  }
  const samples = new Map<string, SampleScene>();
  const known = new Map<string, SeenPicture>();
  const { provenance } = shard.metadata;
  let featureSize = 0;
  for (const { id, file } of found.slice(0, MAX_OWN_SAMPLES)) {
    const place = places.get(id) as { shard: typeof shard; row: number };
    const row = await readShardRow(place.shard, place.row);
    const problem = findRowProblem(row);
    if (problem !== undefined) {
      throw new LxmertError(`${store}, image ${id}: ${problem} Run: lxmert features verify ${store}`);
    }
    featureSize = featureSizeOf(row);
    const bytes = await readPicture(file);
    const scene = await sceneOf(id, bytes, file, row, store);
    const seen = seenIn(row, names, provenance);
    samples.set(id, scene);
    known.set(sha256Of(bytes), seen).set(sha256Of(scene.png), seen);
  }
  return {
    samples,
    known,
    features: { featureSize, origins: [{ path: store, provenance }] },
    numFound: found.length,
    numPictures: pictures.length,
  };
}

/** Without those that a link in the folder leads out of it to. */
async function picturesWithin(folder: string): Promise<ImageFile[]> {
  const { images } = await listImageFiles([folder]);
  const top = await truePath(folder);
  const isWithin = await Promise.all(
    images.map(async ({ file }) => (await truePath(file)).startsWith(path.join(top, path.sep))),
  );
  return images.filter((_, i) => isWithin[i]);
}

/** Encoded anew: nothing else that a file carries, such as where it was taken, is sent. */
async function sceneOf(
  name: string,
  bytes: Uint8Array,
  file: string,
  row: FeatureRow,
  store: string,
): Promise<SampleScene> {
  const { image } = await openPicture(bytes, { name: file });
  const png = await image
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize({ width: SHOWN_SIDE, height: SHOWN_SIDE, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer()
    .catch((cause: unknown) => {
      throw new LxmertError(`${file} cannot be decoded: it is damaged or cut short.`, { cause });
    });
  const sample = {
    name,
    width: row.width,
    height: row.height,
    questions: [],
    objects: [],
    // Where it lies is nobody's business.
    store: path.basename(path.resolve(store)),
  };
  return { png, thumbnail: await thumbnailOf(png), sample };
}

function seenIn(row: FeatureRow, names: LabelNames, provenance: Provenance): SeenPicture {
  const hasLabels = provenance.detector !== PIXEL_REGIONS;
  return { row, regions: imageRegionsFrom(row, { hasLabels, names, provenance }).regions };
}
