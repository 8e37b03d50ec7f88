/** @file The dictionaries of an Arrow file: lists of values that columns name by their places, added to and replaced on the way. */

import type { SyncRandomAccess } from '../randomAccess.js';
import { ArrowFault, withinBytes } from './flatTable.js';
import { type ArrowMessage, messageAt } from './messages.js';
import { type BatchColumn, readBatch } from './recordBatch.js';
import { type ArrowField, isSingle } from './schema.js';
import type { ArrowValue, ValueReader } from './values.js';

/** Values that one message holds. */
interface Part {
  /** Of the message. */
  readonly start: number;
  /** The place of its first value. */
  readonly first: number;
}

/** What a dictionary holds from a place in the file on. */
interface Generation {
  readonly start: number;
  readonly parts: Part[];
  numValues: number;
}

/** Of FlatBuffers' table DictionaryBatch. */
const BATCH = { id: 0, data: 1, isDelta: 2 } as const;

export class Dictionaries {
  readonly #generations = new Map<number, Generation[]>();
  readonly #values: ReadonlyMap<number, ArrowField>;
  /** The part that was read last, of each. */
  readonly #last = new Map<number, { readonly part: Part; readonly column: BatchColumn }>();

  /** @param isFileForm in which a dictionary holds for all rows, wherever it stands */
  constructor(
    private readonly file: SyncRandomAccess,
    fields: readonly ArrowField[],
    private readonly isFileForm: boolean,
  ) {
    this.#values = new Map(
      fields.flatMap(({ type }) =>
        type.kind === 'dictionary' && isSingle(type.values) ? [[type.id, type.values] as const] : [],
      ),
    );
  }

  /** Takes note of a message that defines a dictionary; its values are not read. @throws ArrowFault for one that is damaged */
  add(message: ArrowMessage): void {
    const { id, isDelta } = withinBytes(`the message at byte ${message.start}`, () => ({
      id: message.table.count(BATCH.id),
      isDelta: message.table.uint8(BATCH.isDelta) !== 0,
    }));
    if (!this.#values.has(id)) return;
    const numValues = this.#columnOf(message, id).length;
    const before = this.#generations.get(id) ?? [];
    if (!isDelta) {
      if (this.isFileForm && before.length > 0) throw new ArrowFault(`its dictionary ${id} is there twice`);
      before.push({ start: message.start, parts: [], numValues: 0 });
      this.#generations.set(id, before);
    }
    const generation = before.at(-1);
    if (generation === undefined) throw new ArrowFault(`its dictionary ${id} is added to before it begins`);
    if (numValues > 0) generation.parts.push({ start: message.start, first: generation.numValues });
    generation.numValues += numValues;
  }

  /**
   * The value at a place of a dictionary.
   *
   * @param batchStart where the rows stand that name it
   * @throws ArrowFault when there is none
   */
  value(id: number, batchStart: number, place: number, values: ValueReader): ArrowValue {
    const all = this.#generations.get(id) ?? [];
    const generation = this.isFileForm ? all[0] : lastUpTo(all, batchStart, ({ start }) => start);
    if (generation === undefined || !(place >= 0 && place < generation.numValues))
      throw new ArrowFault(`it names place ${place} of a dictionary of ${generation?.numValues ?? 0} values`);
    const part = lastUpTo(generation.parts, place, ({ first }) => first) as Part;
    let last = this.#last.get(id);
    if (last?.part !== part) {
      last = { part, column: this.#columnOf(messageAt(this.file, part.start), id) };
      this.#last.set(id, last);
    }
    return values.value(last.column, place - part.first);
  }

  #columnOf(message: ArrowMessage, id: number): BatchColumn {
    const data = withinBytes(`the message at byte ${message.start}`, () => message.table.table(BATCH.data));
    if (data === undefined) throw new ArrowFault(`the message at byte ${message.start} is empty`);
    const { columns } = readBatch(this.file, { ...message, table: data }, [
      this.#values.get(id) as ArrowField,
    ]);
    return columns[0] as BatchColumn;
  }
}

/** The last of an ascending list that is not above `most`. */
export function lastUpTo<T>(all: readonly T[], most: number, keyOf: (item: T) => number): T | undefined {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(all[middle] as T) <= most) low = middle + 1;
    else high = middle;
  }
  return all[low - 1];
}
