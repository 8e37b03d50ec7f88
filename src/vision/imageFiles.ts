/** @file Which image files a job is about, from paths, folders and lists, and the id of each. */

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hasErrorCode, UsageError, unreadable } from '../common/errors.js';
import { imageIdOf } from '../features/files.js';
import { type ContentKind, readContentKindAsync } from '../formats/contentKind.js';
import { formatCount } from '../formats/numbers.js';
import { filesBelow, truePath } from './folderFiles.js';
import {
  DECODED_KINDS,
  decodedName,
  hasPictureEnding,
  isPictureKind,
  whyNotDecoded,
} from './pictureKinds.js';

/** An image file and the id that its row of features gets. */
export interface ImageFile {
  readonly id: string;
  readonly file: string;
}

/** A picture by its content or its name that nothing here decodes. */
export interface UnreadablePicture extends ImageFile {
  /** What it is, such as `a HEIC picture`. */
  readonly kind: string;
  /** A sentence that names the file, what it is, and the way on. */
  readonly reason: string;
}

/** What was found under some paths. */
export interface ImageListing {
  /** In the order of the paths. */
  readonly images: readonly ImageFile[];
  readonly unreadable: readonly UnreadablePicture[];
  /** Unreadable too, but a readable picture of the same id is in `images`, as where cameras write HEIC beside JPEG. */
  readonly doubles: readonly UnreadablePicture[];
  /** Files in folders that are no pictures, by what they are. */
  readonly others: ReadonlyMap<string, readonly string[]>;
  /** Files and folders that were passed over for their names: hidden ones, and those of systems. */
  readonly hidden: readonly string[];
}

/** Paths looked at together; more would only queue, and take open files from others. */
const NUM_AT_ONCE = 8;
/** Pairs of one id that are named. */
const MAX_NAMED = 3;

/**
 * The images that `sources` name, in their order, told by their content and not by their names. Folders are searched
 * with those within them, sorted by path; what is passed over there is listed too. A path that is named is taken
 * or refused as a picture, whatever its name. A file that is met again is listed once.
 *
 * @throws UsageError for a source that is not there or a folder without pictures, and when two different readable files
 * have one id; LxmertError for a folder that cannot be read
 */
export async function listImageFiles(sources: readonly string[]): Promise<ImageListing> {
  const listing = new Listing();
  for (let start = 0; start < sources.length; start += NUM_AT_ONCE) {
    const some = sources.slice(start, start + NUM_AT_ONCE);
    const found = await Promise.all(
      some.map(async (source) => {
        const status = await statusOf(source);
        return status.isFile() ? await kindOf(source) : status;
      }),
    );
    for (const [i, each] of found.entries()) await listing.addSource(some[i] as string, each);
  }
  return await listing.end();
}

/** What a file is; undefined where it cannot be looked into: whoever reads it says why. */
async function kindOf(file: string): Promise<ContentKind | undefined> {
  return readContentKindAsync(file).catch(() => undefined);
}

/** What was found so far. */
class Listing {
  readonly #images = new Map<string, ImageFile>();
  readonly #unreadable = new Map<string, UnreadablePicture>();
  readonly #others = new Map<string, string[]>();
  readonly #hidden: string[] = [];
  readonly #clashes: string[] = [];
  #numClashes = 0;

  async addSource(source: string, found: ContentKind | Stats | undefined): Promise<void> {
    if (found === undefined || 'kind' in found) return await this.#addPicture(source, found);
    if (!found.isDirectory()) throw new UsageError(`${source} is neither a file nor a folder.`);
    const { files, hidden } = await filesBelow(source);
    this.#hidden.push(...hidden);
    let numPictures = 0;
    for (let start = 0; start < files.length; start += NUM_AT_ONCE) {
      const some = files.slice(start, start + NUM_AT_ONCE);
      const kinds = await Promise.all(some.map(kindOf));
      for (const [i, file] of some.entries()) {
        const kind = kinds[i];
        if (hasPictureEnding(file) || (kind !== undefined && isPictureKind(kind))) {
          numPictures++;
          await this.#addPicture(file, kind);
        } else this.#addOther(file, kind?.name ?? 'a file that cannot be opened');
      }
    }
    if (numPictures > 0) return;
    throw new UsageError(
      `There is no picture in the folder ${source}, nor in the folders within it: ${DECODED_KINDS} files were looked for, by their content.${files.length === 0 ? '' : ` It holds ${formatCount(files.length, 'other file')}.`}`,
    );
  }

  async end(): Promise<ImageListing> {
    if (this.#numClashes > 0) {
      throw new UsageError(
        `Two images have the id ${this.#clashes.join('; and the id ')}. An id is the file name up to its first dot. ` +
          `${this.#numClashes > this.#clashes.length ? `So it is with ${this.#numClashes} ids in all. ` : ''}` +
          'Rename one of each two, or run them as separate jobs.',
      );
    }
    const unreadable = [...this.#unreadable.values()];
    return {
      images: [...this.#images.values()],
      unreadable: unreadable.filter(({ id }) => !this.#images.has(id)),
      doubles: unreadable.filter(({ id }) => this.#images.has(id)),
      others: this.#others,
      hidden: this.#hidden,
    };
  }

  async #addPicture(file: string, kind: ContentKind | undefined): Promise<void> {
    const id = imageIdOf(file);
    if (kind !== undefined && decodedName(kind) === undefined) {
      const reason = `${file} ${whyNotDecoded(kind)}`;
      this.#unreadable.set(await truePath(file), { id, file, kind: kind.name, reason });
      return;
    }
    const earlier = this.#images.get(id);
    if (earlier === undefined) this.#images.set(id, { id, file });
    else if ((await truePath(earlier.file)) !== (await truePath(file))) {
      this.#numClashes++;
      if (this.#clashes.length < MAX_NAMED) this.#clashes.push(`'${id}': ${earlier.file} and ${file}`);
    }
  }

  #addOther(file: string, kind: string): void {
    const files = this.#others.get(kind);
    if (files === undefined) this.#others.set(kind, [file]);
    else files.push(file);
  }
}

async function statusOf(source: string): Promise<Stats> {
  try {
    return await stat(source);
  } catch (cause) {
    if (hasErrorCode(cause, 'ENOENT') || hasErrorCode(cause, 'ENOTDIR')) {
      throw new UsageError(`There is no file or folder '${source}'.`, { cause });
    }
    throw unreadable(source, cause);
  }
}
