/** @file A user's own pictures as samples, with the regions that a feature store or file has of them. */

import path from 'node:path';
import { LxmertError, UsageError } from '../common/errors.js';
import { type FeatureRow, featureSizeOf, openRowLookup, type RowLookup } from '../features/files.js';
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
  /** What is known of them, by the SHA-256 of the picture's file and of the copy that is sent. */
  readonly known: ReadonlyMap<string, SeenPicture>;
  /** What the features are, for the models to compare with theirs. */
  readonly features: ProvenancedFeatures;
  /** Pictures of the folder that have features, shown or not. */
  readonly numFound: number;
  /** Pictures in the folder. */
  readonly numPictures: number;
}

export interface OwnSamplesSource {
  /** A store's folder or shard, or a file of another format whose rows are found without reading all. */
  readonly features: string;
  /** The folder with the pictures. */
  readonly images: string;
  readonly names: LabelNames;
}

/**
 * The first {@link MAX_OWN_SAMPLES} pictures of a folder, by name, whose ids a store or file of features has. All of them are read here, once: a
 * request names one of them, never a file.
 *
 * @throws UsageError for a folder without pictures, and when there are features of none of them; LxmertError for pictures and rows
 * that cannot be read
 */
export async function readOwnSamples(source: OwnSamplesSource): Promise<OwnSamples> {
  const { features, images } = source;
  const pictures = await picturesWithin(images);
  const lookup = await openRowLookup(features);
  try {
    return await samplesOf(lookup, pictures, source);
  } finally {
    lookup.close();
  }
}

async function samplesOf(
  lookup: RowLookup,
  pictures: readonly ImageFile[],
  { features, images, names }: OwnSamplesSource,
): Promise<OwnSamples> {
  const { provenance } = lookup;
  const present = new Set(lookup.imageIds);
  const found = pictures.filter(({ id }) => present.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  if (found.length === 0) {
    throw new UsageError(
      `${features} has features of none of the pictures in ${images}: its first image is ${lookup.imageIds[0]}, the folder's first id ${pictures[0]?.id}. An id is a file's name up to its first dot.`,
    );
  }
  const samples = new Map<string, SampleScene>();
  const known = new Map<string, SeenPicture>();
  let featureSize = 0;
  for (const { id, file } of found.slice(0, MAX_OWN_SAMPLES)) {
    const row = await lookup.read(id);
    featureSize = featureSizeOf(row);
    const bytes = await readPicture(file);
    const scene = await sceneOf(id, bytes, file, row, features);
    const seen = seenIn(row, names, provenance);
    samples.set(id, scene);
    known.set(sha256Of(bytes), seen).set(sha256Of(scene.png), seen);
  }
  return {
    samples,
    known,
    features: { featureSize, origins: [{ path: features, provenance }] },
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
  features: string,
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
    store: path.basename(path.resolve(features)),
  };
  return { png, thumbnail: await thumbnailOf(png), sample };
}

function seenIn(row: FeatureRow, names: LabelNames, provenance: Provenance): SeenPicture {
  const hasLabels = provenance.detector !== PIXEL_REGIONS;
  return { row, regions: imageRegionsFrom(row, { hasLabels, names, provenance }).regions };
}
