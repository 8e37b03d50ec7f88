/** @file What is said of the files that pictures were looked for in: what cannot be read, and what is no picture. */

import { UsageError } from '../../common/errors.js';
import type { SkippedImage } from '../../extraction/index.js';
import { formatCount } from '../../formats/numbers.js';
import { type ImageFile, type ImageListing, listImageFiles } from '../../vision/imageFiles.js';
import { readImageList } from '../../vision/imageList.js';

/** Names of one kind that are printed. */
const MAX_NAMED = 3;

/** Files of one kind that were passed over. */
export interface PassedOver {
  readonly kind: string;
  readonly numFiles: number;
  /** The first few. */
  readonly files: readonly string[];
}

export interface ListedPictures {
  readonly images: readonly ImageFile[];
  /** Pictures that are known beforehand to give nothing. */
  readonly unreadable: readonly SkippedImage[];
  /** Pictures of kinds that are not decoded, beside a readable one of the same id. */
  readonly doubles: readonly PassedOver[];
  /** Files that are no pictures. */
  readonly otherFiles: readonly PassedOver[];
  readonly numHidden: number;
}

/**
 * The pictures of paths and folders, or of a list on standard input (`-`); what is passed over is told first.
 *
 * @throws UsageError when there are none, and as {@link listImageFiles}
 */
export async function listPictures(
  sources: readonly string[],
  notice: (line: string) => void,
): Promise<ListedPictures> {
  const listing = await listImageFiles(await pathsOf(sources));
  const { images, hidden } = listing;
  const unreadable = countKinds(listing.unreadable);
  if (images.length === 0) {
    throw new UsageError(
      `None of the pictures can be read here:\n${linesOf(unreadable).join('\n')}\n${ADVICE}`,
    );
  }
  const doubles = countKinds(listing.doubles);
  const otherFiles = othersOf(listing);
  if (unreadable.length > 0) {
    const count = formatCount(listing.unreadable.length, 'picture');
    notice([`${count} cannot be read here and will be left out:`, ...linesOf(unreadable), ADVICE].join('\n'));
  }
  if (doubles.length > 0) {
    notice(['Left out, since a picture of the same id can be read:', ...linesOf(doubles)].join('\n'));
  }
  if (otherFiles.length > 0) {
    notice(['Files that are no pictures were passed over:', ...linesOf(otherFiles)].join('\n'));
  }
  if (hidden.length > 0) {
    notice(`Passed over for their names: ${formatCount(hidden.length, 'hidden file or system file')}.`);
  }
  return { images, unreadable: listing.unreadable, doubles, otherFiles, numHidden: hidden.length };
}

const ADVICE =
  'Convert pictures of kinds that are not read to JPEG or PNG; get files again that are empty or no pictures.';

async function pathsOf(sources: readonly string[]): Promise<readonly string[]> {
  if (!sources.includes('-')) return sources;
  if (sources.length > 1) throw new UsageError('Give either - for a list or names of pictures, not both.');
  const listed = await readImageList(process.stdin, 'standard input');
  if (listed.length === 0) throw new UsageError('The list on standard input is empty.');
  return listed;
}

function countKinds(pictures: ImageListing['unreadable']): PassedOver[] {
  return [...new Set(pictures.map(({ kind }) => kind))].map((kind) => {
    const some = pictures.filter((picture) => picture.kind === kind);
    return passedOver(
      kind,
      some.map(({ file }) => file),
    );
  });
}

function othersOf({ others }: ImageListing): PassedOver[] {
  return [...others].map(([kind, files]) => passedOver(kind, files));
}

function passedOver(kind: string, files: readonly string[]): PassedOver {
  return { kind, numFiles: files.length, files: files.slice(0, MAX_NAMED) };
}

/** `  2 x a HEIC picture: a.heic, b.heic`, a line for each kind. */
function linesOf(kinds: readonly PassedOver[]): string[] {
  return kinds.map(({ kind, numFiles, files }) => {
    const more = numFiles - files.length;
    return `  ${numFiles} x ${kind}: ${files.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  });
}
