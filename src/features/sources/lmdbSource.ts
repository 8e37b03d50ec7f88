/** @file LMDB databases of region features (mmf, vilbert, volta, UNITER): a folder with data.mdb, or the file itself. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { PickleError, readArrayPickle } from '../../checkpoint/pickle/index.js';
import { LxmertError } from '../../common/errors.js';
import { type LmdbEntry, LmdbFile } from '../../formats/lmdb/lmdbFile.js';
import { LmdbFault } from '../../formats/lmdb/lmdbPage.js';
import { formatCount } from '../../formats/numbers.js';
import { openFileSync } from '../../formats/randomAccess.js';
import { imageIdOf } from '../imageId.js';
import type { FeatureFormat } from './featureFormat.js';
import type { StatedSource } from './indexedRows.js';
import { readMsgpackRecord } from './msgpackRecord.js';
import { MAX_ARRAY_BYTES, readNpzRecord } from './npzRecord.js';
import { PictureFields, type PictureRecord } from './pictureFields.js';
import { openRecords, type Records } from './recordSource.js';
import type { RowSource } from './rowSource.js';
import { readUniterCounts, uniterIdOf } from './uniter.js';

const DATA_FILE = 'data.mdb';

/** Read only, and never locked: its writer must have finished. */
export const lmdbDatabase: FeatureFormat = {
  name: 'LMDB databases (mmf, vilbert, volta, UNITER)',
  recognises: ({ path: given, kind }) =>
    kind === 'lmdb' || (kind === 'folder' && existsSync(path.join(given, DATA_FILE))),
  open: openLmdb,
};

/** Entries that are no pictures: lists of the other keys. */
const LISTS: ReadonlySet<string> = new Set(['keys', '__keys__', '__len__']);

async function openLmdb(given: string, stated: StatedSource): Promise<RowSource> {
  const file = statSync(given).isDirectory() ? path.join(given, DATA_FILE) : given;
  const bytes = openFileSync(file);
  let records: Records;
  try {
    records = openEntries(given, LmdbFile.open(bytes), bytes);
  } catch (error) {
    bytes.close();
    if (error instanceof LxmertError && !error.message.includes(given))
      throw new LxmertError(`${file}: ${error.message}`, { cause: error });
    if (!(error instanceof LmdbFault)) throw error;
    throw new LxmertError(`${file} cannot be read as an LMDB database: ${error.message}.`, { cause: error });
  }
  return await openRecords(records, stated);
}

function openEntries(
  given: string,
  database: LmdbFile,
  bytes: { readonly size: number; close(): void },
): Records {
  const entries = [...database.entries()].filter(({ key }) => !LISTS.has(key.toString('latin1')));
  const [first] = entries;
  if (first === undefined) throw new LxmertError(`${given} holds no entries.`);
  const form = formOf(database, first);
  const counts = form === 'msgpack' || form === 'npz' ? readUniterCounts(given) : undefined;
  const reader = new EntryReader(database, entries, counts?.counts);
  const hasOwnIds = form === 'pickle' && reader.ownIdAt(0) !== undefined;
  const idOfKey = form === 'pickle' ? imageIdOf : uniterIdOf;
  return {
    name: given,
    fileName: path.basename(path.resolve(given)),
    numBytes: bytes.size,
    format: `lmdb-${form}`,
    numRows: entries.length,
    notes: [
      `an LMDB database of ${formatCount(entries.length, 'picture')}, values in ${FORMS[form]}`,
      ...(counts === undefined ? [] : [`of each picture the boxes that ${counts.file} counts`]),
    ],
    place: (index) => `entry ${reader.keyAt(index)}`,
    idAt: (index) => (hasOwnIds ? (reader.ownIdAt(index) ?? '') : '') || idOfKey(reader.keyAt(index)),
    record: (index) => reader.record(index),
    close: () => bytes.close(),
  };
}

const FORMS = { pickle: 'pickles', msgpack: 'msgpack with NumPy arrays', npz: '.npz archives' } as const;
type ValueForm = keyof typeof FORMS;

/** @throws LxmertError for a value in no form that programs of this field write */
function formOf(database: LmdbFile, entry: LmdbEntry): ValueForm {
  const value = readValue(database, entry);
  const [first = 0] = value;
  if (value.toString('latin1', 0, 4) === 'PK\x03\x04') return 'npz';
  // The mark of protocols 2 to 5, or an empty dictionary of those before.
  if (first === 0x80 || value.toString('latin1', 0, 1) === '}' || value.toString('latin1', 0, 2) === '(d')
    return 'pickle';
  if ((first > 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf) return 'msgpack';
  throw new LxmertError(
    'its values are neither pickles nor msgpack nor .npz archives, as features are written. It may hold pictures or texts.',
  );
}

function readValue(database: LmdbFile, entry: LmdbEntry): Buffer {
  try {
    return database.read(entry, MAX_VALUE_BYTES);
  } catch (error) {
    if (!(error instanceof LmdbFault)) throw error;
    throw new LxmertError(`its value cannot be read: ${error.message}.`, { cause: error });
  }
}

/** A picture's arrays together. */
const MAX_VALUE_BYTES = 2 * MAX_ARRAY_BYTES;

/** Values of a database as records; the last one is kept, since its id is asked for before its row. */
class EntryReader {
  #last: { readonly index: number; readonly record: PictureRecord } | undefined;

  constructor(
    private readonly database: LmdbFile,
    private readonly entries: readonly LmdbEntry[],
    private readonly counts: ReadonlyMap<string, number> | undefined,
  ) {}

  keyAt(index: number): string {
    const key = (this.entries[index] as LmdbEntry).key.toString('utf8');
    // Paths of files stand in some; the part after the last slash is the picture's.
    return key.slice(key.lastIndexOf('/') + 1);
  }

  /** The picture's id in a pickled record where the key is not all of it: `COCO_val2014_000000262148` of `262148`. */
  ownIdAt(index: number): string | undefined {
    try {
      const id = new PictureFields(this.#pickled(index)).text('imageId');
      const key = this.keyAt(index);
      return id !== undefined && id !== key && id.endsWith(key) ? id : undefined;
    } catch (error) {
      if (error instanceof LxmertError) return undefined;
      throw error;
    }
  }

  async record(index: number): Promise<PictureRecord> {
    const value = this.#last?.index === index ? undefined : this.#value(index);
    if (value === undefined) return this.#pickled(index);
    const [first = 0] = value;
    if (value.toString('latin1', 0, 2) === 'PK') return this.#counted(index, await readNpzRecord(value));
    if (first > 0x80) return this.#counted(index, readMsgpackRecord(value));
    return this.#pickled(index, value);
  }

  #value(index: number): Buffer {
    return readValue(this.database, this.entries[index] as LmdbEntry);
  }

  #pickled(index: number, value?: Buffer): PictureRecord {
    if (this.#last?.index === index) return this.#last.record;
    try {
      const record = readArrayPickle(value ?? this.#value(index));
      if (!(record instanceof Map)) throw new LxmertError('its value is no dictionary.');
      this.#last = { index, record: record as PictureRecord };
      return this.#last.record;
    } catch (error) {
      if (!(error instanceof PickleError)) throw error;
      throw new LxmertError(`its pickled value is not read: ${error.message}.`, { cause: error });
    }
  }

  #counted(index: number, record: PictureRecord): PictureRecord {
    const count = this.counts?.get(this.keyAt(index));
    return count === undefined ? record : new Map([...record, ['num_boxes', count]]);
  }
}
