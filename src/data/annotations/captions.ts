/** @file Captions: sentences that are true of an image, from each of the files that the field keeps them in. */

import { z } from 'zod';
import { LxmertError, UsageError } from '../../common/errors.js';
import { excerpt } from '../../common/excerpt.js';
import { imageIdOf } from '../../features/files.js';
import { type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
import { fileSource } from './jsonSource.js';
import { beginsArray, streamArray, streamKeys } from './jsonStream.js';
import { streamAnnotatedImages } from './pretrainingAnnotations.js';
import { checkRecord } from './record.js';

/** A sentence with the image that it belongs to. */
export interface Caption {
  readonly imageId: string;
  readonly sentence: string;
}

/** In messages, what a file may be. */
const LAYOUTS =
  'the aggregated pre-training JSON [{img_id, sentf}], JSON lines {image, text}, COCO captions {images, annotations}, or ' +
  'the dataset JSON of COCO or Flickr30k by splits {images: [{filename, split, sentences}]}';

const KIND: ExampleFileKind = {
  expected: `captions, which are ${LAYOUTS}`,
  forms: ['pretraining', 'captions', 'captionSplits', 'cocoCaptions'],
};

/**
 * Reads the captions of a file in one of four layouts, which it recognises:
 *
 * - the aggregated pre-training JSON, `[{img_id, sentf: {source: [sentence, ...]}, labelf?}, ...]`; sentences of a source
 *   with labels are questions, which are true of no image, and are left out;
 * - JSON lines `{"image", "text"}`, or a list of them;
 * - official COCO captions, `{images: [{id, file_name}], annotations: [{image_id, caption}]}`;
 * - the splits of COCO, Flickr8k and Flickr30k after Karpathy and Fei-Fei (2015), `{images: [{filename, split, sentences:
 *   [{raw}]}]}`.
 *
 * Where a layout has file names, an image's id is the name up to its first dot, as in feature files.
 *
 * @param splits of the last layout, those to read; needed where the file has more than one
 * @throws UsageError for splits of a file that states none, or not these
 * @throws LxmertError with file, place and key for what is not as expected
 */
export function streamCaptions(file: string, splits?: readonly string[]): AsyncGenerator<Caption> {
  return readAs(file, KIND, readCaptions(file, splits));
}

async function* readCaptions(file: string, splits: readonly string[] | undefined): AsyncGenerator<Caption> {
  const layout = await layoutOf(file);
  if (splits !== undefined && layout !== streamSplits) {
    throw new UsageError(`${file} does not state splits, so none can be chosen.`);
  }
  yield* layout(file, splits);
}

type Layout = (file: string, splits: readonly string[] | undefined) => AsyncGenerator<Caption>;

/** @throws LxmertError for a file that is none of them */
async function layoutOf(file: string): Promise<Layout> {
  if (await beginsArray(fileSource(file))) {
    for await (const first of streamArray(fileSource(file))) {
      return lineSchema.safeParse(first).success ? streamLines : streamAggregated;
    }
    return streamAggregated;
  }
  const keys: string[] = [];
  for await (const key of streamKeys(fileSource(file))) keys.push(key);
  const has = (...names: string[]): boolean => names.every((name) => keys.includes(name));
  if (has('image', 'text')) return streamLines;
  if (has('images', 'annotations')) return streamCoco;
  if (has('images')) return streamSplits;
  const found = keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 8).join(', ')}`;
  throw new LxmertError(`${file}: expected captions, which are ${LAYOUTS}; found ${found}.`);
}

async function* streamAggregated(file: string): AsyncGenerator<Caption> {
  for await (const { imageId, sources } of streamAnnotatedImages(file)) {
    for (const { sentences, labels } of sources) {
      if (labels !== undefined) continue;
      for (const sentence of sentences) yield { imageId, sentence };
    }
  }
}

const lineSchema = z.object({ image: z.string().min(1), text: z.string() });

async function* streamLines(file: string): AsyncGenerator<Caption> {
  for await (const { value, place } of readRecords(file, 'caption')) {
    const { image: imageId, text: sentence } = checkRecord(lineSchema, value, file, place);
    yield { imageId, sentence };
  }
}

const cocoImageSchema = z.object({ id: z.int(), file_name: z.string().min(1) });
const cocoAnnotationSchema = z.object({ image_id: z.int(), caption: z.string() });

async function* streamCoco(file: string): AsyncGenerator<Caption> {
  const imageIds = new Map<number, string>();
  let numImages = 0;
  for await (const element of streamArray(fileSource(file), 'images')) {
    const { id, file_name } = checkRecord(cocoImageSchema, element, file, `image ${numImages++}`);
    imageIds.set(id, idOfFile(file_name));
  }
  let numAnnotations = 0;
  for await (const element of streamArray(fileSource(file), 'annotations')) {
    const place = `annotation ${numAnnotations++}`;
    const { image_id, caption: sentence } = checkRecord(cocoAnnotationSchema, element, file, place);
    const imageId = imageIds.get(image_id);
    if (imageId === undefined) {
      throw new LxmertError(`${file}: ${place} is about image ${image_id}, which is not among 'images'.`);
    }
    yield { imageId, sentence };
  }
}

const splitImageSchema = z.object({
  filename: z.string().min(1),
  split: z.string().min(1),
  sentences: z.array(z.object({ raw: z.string() })),
});

async function* streamSplits(file: string, wanted: readonly string[] | undefined): AsyncGenerator<Caption> {
  const found = new Set<string>();
  let index = 0;
  for await (const element of streamArray(fileSource(file), 'images')) {
    const { filename, split, sentences } = checkRecord(splitImageSchema, element, file, `image ${index++}`);
    found.add(split);
    if (wanted === undefined && found.size > 1) {
      throw new LxmertError(
        `${file} has images of several splits, such as '${[...found].map(excerpt).join("' and '")}'. Write the captions of one with lxmert prepare captions --split.`,
      );
    }
    if (wanted !== undefined && !wanted.includes(split)) continue;
    for (const { raw: sentence } of sentences) yield { imageId: idOfFile(filename), sentence };
  }
  const absent = wanted?.find((split) => !found.has(split));
  if (absent !== undefined) {
    throw new UsageError(
      `${file} has no split '${absent}'; it has ${[...found].join(', ') || 'none, since it has no images'}.`,
    );
  }
}

/** `val2014/COCO_val2014_000000000042.jpg` to `COCO_val2014_000000000042`. */
function idOfFile(name: string): string {
  return imageIdOf(name);
}
