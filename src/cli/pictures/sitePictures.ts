/** @file The pictures that a site offers: scenes drawn here, or files of a folder, with their regions where those were found beforehand. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import type { PictureForSite, StoredRegions } from '../../export/site/index.js';
import { readRow, type StatedRow } from '../../features/files.js';
import { contentKindOf } from '../../formats/contentKind.js';
import { drawSamples } from '../../serve/samples.js';
import { listPictures } from './listedPictures.js';

/** Kinds that every browser shows, with the endings of their names. */
const ENDINGS: Readonly<Record<string, string>> = {
  jpeg: '.jpg',
  png: '.png',
  webp: '.webp',
  gif: '.gif',
  avif: '.avif',
};
/** More would be no choice but a search. */
const MOST_PICTURES = 60;

/** Six scenes of the sample world that no model was trained on, with questions and what was drawn. */
export async function sampleScenes(): Promise<PictureForSite[]> {
  return [...(await drawSamples())].map(([name, { png, sample }]) => ({
    name,
    ending: '.png',
    bytes: png,
    questions: sample.questions,
    objects: sample.objects,
    store: null,
  }));
}

/**
 * The pictures of a folder.
 *
 * @param features a store or TSV file with the regions of each
 * @param check refuses regions that the model cannot read
 * @throws UsageError when there are none or too many, and for kinds that browsers do not show
 */
export async function picturesOf(
  folder: string,
  features: string | undefined,
  check: (row: StatedRow) => void,
  notice: (line: string) => void,
): Promise<PictureForSite[]> {
  const { images } = await listPictures([folder], notice);
  if (images.length > MOST_PICTURES) {
    throw new UsageError(
      `${folder} has ${images.length} pictures; a page offers at most ${MOST_PICTURES}. Copy some into a folder of their own.`,
    );
  }
  return await Promise.all(
    images.map(async ({ id, file }): Promise<PictureForSite> => {
      const bytes = await readFile(file);
      const { kind, name } = contentKindOf(bytes);
      const ending = ENDINGS[kind];
      if (ending === undefined) {
        throw new UsageError(`${file} is ${name}, which browsers do not show. Convert it to JPEG or PNG.`);
      }
      const stated = features === undefined ? undefined : await readRow(features, id);
      if (stated !== undefined) check(stated);
      const regions = stated && storedRegions(stated);
      const store = features === undefined ? null : path.basename(path.resolve(features));
      return { name: path.basename(file), ending, bytes, questions: [], objects: [], regions, store };
    }),
  );
}

function storedRegions({ row, provenance }: StatedRow): StoredRegions {
  return {
    width: row.width,
    height: row.height,
    boxes: Array.from({ length: row.numBoxes }, (_, i) => [...row.boxes.subarray(4 * i, 4 * i + 4)]),
    objectsId: [...row.objectsId].map(Number),
    objectsConf: [...row.objectsConf],
    attrsId: [...row.attrsId].map(Number),
    attrsConf: [...row.attrsConf],
    features: Buffer.from(row.features.buffer, row.features.byteOffset, row.features.byteLength).toString(
      'base64',
    ),
    provenance: provenance ?? null,
  };
}
