/** @file The id that an image goes by, in feature files and in every list of images. */

import path from 'node:path';
import { LxmertError, UsageError } from '../common/errors.js';

/**
 * The id of an image: its file name up to the first dot, the rule of the published features for COCO
 * (`COCO_val2014_000000000042.jpg`), Visual Genome (`2375429.jpg`) and NLVR2 (`dev-850-0-img0.png`).
 *
 * @throws UsageError when nothing stands before the first dot.
 */
export function imageIdOf(file: string): string {
  const id = path.basename(file).split('.', 1)[0] as string;
  if (id !== '') return id;
  throw new UsageError(
    `${file} gives no image id: the id is the file name up to its first dot, and nothing stands there. Rename it.`,
  );
}

/**
 * That a file of features has nothing of an image; a file's name in place of an id is told with the id that it stands for.
 *
 * @param found what the file has instead, as a sentence
 */
export function noRowFor(features: string, imageId: string, found = ''): LxmertError {
  const id = path.basename(imageId).split('.', 1)[0] as string;
  const isFile = id !== imageId && id !== '';
  return new LxmertError(
    `${features} has no row for image ${imageId}.${found === '' ? '' : ` ${found}`}` +
      (isFile ? ` Images go by their ids here, the file name up to its first dot: name ${id}.` : ''),
  );
}
