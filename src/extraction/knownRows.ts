/** @file The rows that there are already, in the output and in the logs of this job, and whether they are up to date. */

import { LxmertError } from '../common/errors.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { contentHash, type PictureFile, pictureSha256 } from './contentHash.js';
import type { KeptRow } from './keptRows.js';
import { readLoggedRow, type SkippedRecord, scanRowLog } from './rowLog.js';
import type { SkippedImage } from './settings.js';

interface KnownRow extends KeptRow {
  /** The picture as it was when its regions were detected; undefined for rows of an output. */
  readonly picture?: PictureFile;
  readonly time: number;
}

/** Rows by image id. Of two rows of one image the later one counts; the output's are the earliest. */
export class KnownRows {
  readonly #rows = new Map<string, KnownRow>();
  readonly #skipped = new Map<string, SkippedRecord>();
  #numLogged = 0;

  /**
   * @param kept rows of the output
   * @param logs files of the job
   */
  static async read(kept: readonly KeptRow[], logs: readonly string[]): Promise<KnownRows> {
    const known = new KnownRows();
    for (const row of kept) known.#add({ ...row, time: Number.NEGATIVE_INFINITY });
    for (const log of logs) await known.#addLog(log);
    return known;
  }

  /** True when a log holds a row: the output is not up to date then. */
  get hasNew(): boolean {
    return this.#numLogged > 0;
  }

  get(imageId: string): KeptRow | undefined {
    return this.#rows.get(imageId);
  }

  /** Those of the pictures that gave no row the last time. */
  skippedAmong(images: readonly ImageFile[]): SkippedImage[] {
    return images.flatMap(({ id }) => {
      const record = this.#skipped.get(id);
      if (record === undefined || (this.#rows.get(id)?.time ?? 0) > record.time) return [];
      return [{ id, file: record.file, reason: record.reason }];
    });
  }

  /**
   * True when there is a row made from the very content that the picture's file has now.
   *
   * @param boxes (n, 4), where they are given
   */
  async isUpToDate({ id, file }: ImageFile, boxes: Float32Array | undefined): Promise<boolean> {
    const row = this.#rows.get(id);
    if (row === undefined || row.contentHash === '') return false;
    try {
      return contentHash(await pictureSha256(file, row.picture), boxes) === row.contentHash;
    } catch (error) {
      // Whoever reads the picture next says what is wrong with it.
      if (error instanceof LxmertError) return false;
      throw error;
    }
  }

  #add(row: KnownRow): void {
    const earlier = this.#rows.get(row.imageId);
    if (earlier === undefined || row.time >= earlier.time) this.#rows.set(row.imageId, row);
  }

  async #addLog(log: string): Promise<void> {
    for await (const record of scanRowLog(log)) {
      const { header } = record;
      if (header.kind === 'row') {
        this.#numLogged++;
        const { imageId, contentHash, picture, time } = header;
        this.#add({ imageId, contentHash, picture, time, read: () => readLoggedRow(record) });
      } else if (header.time >= (this.#skipped.get(header.imageId)?.time ?? 0)) {
        this.#skipped.set(header.imageId, header);
      }
    }
  }
}
