/** @file The entries of a WordPiece vocabulary: their order gives the ids. */

import { LxmertError } from '../common/errors.js';
import { SPECIAL_TOKENS } from './words.js';

/** Marks an entry that continues a word. */
export const CONTINUATION = '##';

/**
 * An ordered list of WordPiece entries; an entry's id is its position.
 *
 * It holds [PAD], [UNK], [CLS], [SEP] and [MASK]; [PAD] has id 0, because padded positions are zeros and row 0 of
 * the word embeddings takes no gradient.
 */
export class Vocabulary {
  readonly size: number;
  readonly padId: number;
  readonly unknownId: number;
  readonly clsId: number;
  readonly sepId: number;
  readonly maskId: number;
  readonly #entries: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /**
   * @param entries every entry once, in the order of their ids
   * @param source how errors name this list, for example its path
   * @throws LxmertError for an empty list, an empty or doubled entry, an entry with whitespace around it, a missing
   *   special token, or [PAD] elsewhere than first
   */
  constructor(entries: readonly string[], source = 'The vocabulary') {
    this.#entries = [...entries];
    this.#ids = indexEntries(this.#entries, source);
    const missing = SPECIAL_TOKENS.filter((token) => !this.#ids.has(token));
    if (missing.length > 0) {
      throw new LxmertError(
        `${source} has no ${missing.join(', ')} among its ${this.#entries.length} entries (the first is ` +
          `${quote(this.#entries[0] as string)}). A BERT vocabulary holds ${SPECIAL_TOKENS.join(', ')}, one entry a line: ` +
          'check that this is the vocab.txt that belongs to the model.',
      );
    }
    this.size = this.#entries.length;
    this.padId = this.id('[PAD]') as number;
    this.unknownId = this.id('[UNK]') as number;
    this.clsId = this.id('[CLS]') as number;
    this.sepId = this.id('[SEP]') as number;
    this.maskId = this.id('[MASK]') as number;
    if (this.padId !== 0) {
      throw new LxmertError(
        `${source} has [PAD] as entry ${this.padId + 1} with id ${this.padId}, but padding is id 0 in this model. Put ` +
          '[PAD] first, as in the vocabulary the model was trained with.',
      );
    }
  }

  /**
   * Reads the text of a file with one entry a line, in UTF-8, lines ended by a line feed (BERT's `vocab.txt`).
   *
   * @param source how errors name it, for example `The vocabulary vocab.txt`
   * @throws LxmertError when it is no such text
   */
  static parse(bytes: Uint8Array, source = 'The vocabulary'): Vocabulary {
    const text = decode(bytes, source);
    const carriageReturn = text.indexOf('\r');
    if (carriageReturn >= 0) {
      const line = text.slice(0, carriageReturn).split('\n').length;
      throw new LxmertError(
        `${source} has a carriage return in line ${line}: lines must end with a line feed alone. Fetch the ` +
          "file again without conversion, or remove them with: sed -i 's/\\r$//' FILE",
      );
    }
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    return new Vocabulary(lines, source);
  }

  /** As {@link parse} reads it. */
  toText(): string {
    return `${this.#entries.join('\n')}\n`;
  }

  /** Every entry in the order of its id. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  /** The id of an entry, or undefined. */
  id(entry: string): number | undefined {
    return this.#ids.get(entry);
  }

  /**
   * The entry of an id.
   *
   * @throws LxmertError when the id is not in 0 .. size - 1
   */
  token(id: number): string {
    const entry = this.#entries[id];
    if (entry === undefined) {
      throw new LxmertError(`Token id ${id} is outside the vocabulary, whose ids are 0 to ${this.size - 1}.`);
    }
    return entry;
  }

  /** The entries of ids, for display. */
  tokens(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => this.token(id));
  }
}

function indexEntries(entries: readonly string[], source: string): Map<string, number> {
  if (entries.length === 0) throw new LxmertError(`${source} is empty: it needs one entry a line.`);
  const ids = new Map<string, number>();
  for (const [id, entry] of entries.entries()) {
    const line = id + 1;
    if (entry === '')
      throw new LxmertError(`${source} has an empty line ${line}: each line must hold one entry.`);
    if (/[\r\n]|\p{Cs}/u.test(entry) || entry.trim() !== entry) {
      throw new LxmertError(
        `${source} has in line ${line} the entry ${quote(entry)}, with whitespace around it or broken text inside: no ` +
          'word could match it. Fetch the file again.',
      );
    }
    const first = ids.get(entry);
    if (first !== undefined) {
      throw new LxmertError(
        `${source} has ${quote(entry)} in line ${first + 1} and again in line ${line}: its ids would be ambiguous. Fetch ` +
          'the file again; entries must not be added or merged by hand.',
      );
    }
    ids.set(entry, id);
  }
  return ids;
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new LxmertError(`${source} is not UTF-8 text: expected one entry a line. Fetch the file again.`, {
      cause: error,
    });
  }
}

/** An entry as errors show it: escaped and cut. */
function quote(entry: string): string {
  return JSON.stringify(entry.length > 40 ? `${entry.slice(0, 40)}...` : entry);
}
