/** @file A place in a JSON text that moves on value by value, over bytes that arrive piece by piece. */

import { LxmertError } from '../../common/errors.js';
import { findJsonFault } from '../../formats/jsonFault.js';
import { byte, GOES_ON, isSpace, scanFor } from './jsonScan.js';
import type { JsonSource } from './jsonSource.js';

/** A value that is held whole may not be longer: 16 MiB. No annotation is, and it bounds what a hostile file costs. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/** Characters of a key that messages show. */
const MAX_SHOWN_CHARACTERS = 80;

/** What Python's json writes for numbers that JSON has none of. */
const PYTHON_NUMBERS = /[:,[\s](NaN|-?Infinity)\s*[,}\]]/;
const PYTHON_HINT =
  'Python writes NaN where a value is missing, which JSON has not: leave the entry out, or write null or text.';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const END = -1;

/**
 * Reads forward over one source. Holds one piece of the source and one value. What the piece at hand can answer is
 * answered without a promise: for millions of small values, promises would take longer than reading.
 */
export class JsonCursor {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Position of the piece's first byte in the source. */
  #start = 0;
  /** What messages call the place, as in "at element 7"; undefined before the first value. */
  #place: (() => string) | undefined;

  private constructor(
    /** What messages call the source. */
    readonly name: string,
    pieces: AsyncIterable<Uint8Array>,
    private readonly prepare: JsonSource['prepare'],
  ) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** A cursor at the start of the text, behind a byte-order mark, which JSON has none of and files have. */
  static async open(source: JsonSource): Promise<JsonCursor> {
    const cursor = new JsonCursor(source.name, source.open(), source.prepare);
    try {
      await cursor.#skipByteOrderMark();
      return cursor;
    } catch (error) {
      await cursor[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets go of the source, also in the middle. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pieces.return?.();
  }

  /** Says how messages call the place where the cursor is from now on. */
  describePlace(place: () => string): void {
    this.#place = place;
  }

  /** The next byte that is not white space, or -1 at the end. The cursor stays before it. */
  peek(): number | Promise<number> {
    const found = this.#peekInPiece();
    return found === END ? this.#peekInNextPiece() : found;
  }

  /** Passes `code`. @throws LxmertError when something else comes next */
  async expect(code: number, wanted: string): Promise<void> {
    if (!(await this.accept(code))) throw this.unexpected(wanted, await this.peek());
  }

  /** Passes `code` if it comes next and says whether it did. */
  accept(code: number): boolean | Promise<boolean> {
    const found = this.#peekInPiece();
    if (found === END) return this.#acceptInNextPiece(code);
    if (found !== code) return false;
    this.#at++;
    return true;
  }

  /** The whole value that comes next, parsed, or a promise of it. The cursor is then behind it. */
  value(): unknown {
    const value = this.#valueInPiece();
    return value === undefined ? this.#valueOverPieces() : value;
  }

  /** The key of an object that comes next. The cursor is then behind its colon. */
  key(): string | Promise<string> {
    const before = this.#at;
    if (this.#peekInPiece() === byte.quote) {
      const key = this.#valueInPiece();
      if (key !== undefined && this.#peekInPiece() === byte.colon) {
        this.#at++;
        return key as string;
      }
      this.#at = before;
    }
    return this.#keyOverPieces();
  }

  /** Passes the value that comes next, however long, without holding it. Only its brackets and strings are looked at. */
  async skipValue(): Promise<void> {
    await this.#pass(() => {});
  }

  /** The error for something other than `wanted` at the cursor. */
  unexpected(wanted: string, found: number): LxmertError {
    if (found === END) {
      return this.#place === undefined
        ? new LxmertError(`${this.name} holds nothing: expected ${wanted}.`)
        : this.#truncated();
    }
    const shown = found > 0x20 && found < 0x7f ? `'${String.fromCharCode(found)}'` : `the byte ${found}`;
    return new LxmertError(`${this.#placeOf(this.#position)}: expected ${wanted}, found ${shown}.`);
  }

  /** Bytes before the cursor. */
  get #position(): number {
    return this.#start + this.#at;
  }

  async #skipByteOrderMark(): Promise<void> {
    for (const [index, expected] of BYTE_ORDER_MARK.entries()) {
      const found = await this.peek();
      if (found !== expected || this.#position !== index) {
        if (index === 0) return;
        throw this.unexpected('the rest of a byte-order mark', found);
      }
      this.#at++;
    }
  }

  #peekInPiece(): number {
    for (; this.#at < this.#piece.length; this.#at++) {
      const code = this.#piece[this.#at]!;
      if (!isSpace(code)) return code;
    }
    return END;
  }

  async #peekInNextPiece(): Promise<number> {
    let found = END;
    while (found === END && (await this.#refill())) found = this.#peekInPiece();
    return found;
  }

  async #acceptInNextPiece(code: number): Promise<boolean> {
    if ((await this.peek()) !== code) return false;
    this.#at++;
    return true;
  }

  /** Undefined, which no JSON is, when the piece at hand does not hold the value to its end. */
  #valueInPiece(): unknown {
    const scan = scanFor(this.#peekInPiece());
    const from = this.#at;
    const end = scan === undefined ? GOES_ON : scan.endIn(this.#piece, from);
    if (end === GOES_ON) return undefined;
    this.#at = end;
    return this.#parse(this.#piece.subarray(from, end));
  }

  async #valueOverPieces(): Promise<unknown> {
    const kept: Uint8Array[] = [];
    let numBytes = 0;
    await this.#pass((bytes, start) => {
      numBytes += bytes.length;
      if (numBytes > MAX_VALUE_BYTES) {
        throw new LxmertError(
          `${this.#placeOf(start)}: the value is longer than 16 MiB. Is this really the file it is taken for?`,
        );
      }
      kept.push(bytes);
    });
    return this.#parse(Buffer.concat(kept));
  }

  async #keyOverPieces(): Promise<string> {
    const first = await this.peek();
    if (first !== byte.quote) throw this.unexpected('a key in quotes', first);
    const key = (await this.value()) as string;
    await this.expect(byte.colon, `a colon behind the key ${shownKey(key)}`);
    return key;
  }

  /** Passes one value; its bytes, and the position of the first of all, go to `visit` part by part. */
  async #pass(visit: (bytes: Uint8Array, start: number) => void): Promise<void> {
    const first = await this.peek();
    const scan = scanFor(first);
    if (scan === undefined) throw this.unexpected('a JSON value', first);
    const start = this.#position;
    for (;;) {
      const from = this.#at;
      const end = scan.endIn(this.#piece, from);
      this.#at = end === GOES_ON ? this.#piece.length : end;
      visit(this.#piece.subarray(from, this.#at), start);
      if (end !== GOES_ON) return;
      if (!(await this.#refill())) {
        if (scan.mayEndWithText) return;
        throw this.#truncated();
      }
    }
  }

  /** Parses the bytes of the value that ends at the cursor. */
  #parse(bytes: Uint8Array): unknown {
    const place = this.#placeOf(this.#position - bytes.length);
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      throw new LxmertError(`${place}: this is not text in UTF-8. Save the file as UTF-8.`);
    }
    try {
      return JSON.parse(this.prepare?.(text) ?? text) as unknown;
    } catch {
      const { offset = 0, what = 'it cannot be parsed' } = findJsonFault(text) ?? {};
      const hint = PYTHON_NUMBERS.test(text) ? ` ${PYTHON_HINT}` : '';
      throw new LxmertError(
        `${place}: this is not valid JSON at its character ${offset + 1}: ${what}.${hint}`,
      );
    }
  }

  async #refill(): Promise<boolean> {
    for (;;) {
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      this.#start += this.#piece.length;
      this.#piece = next.value;
      this.#at = 0;
      if (this.#piece.length > 0) return true;
    }
  }

  #truncated(): LxmertError {
    return new LxmertError(
      `${this.name} ends too early, after ${this.#position} bytes${this.#placeText}. ` +
        'The file is cut short; get it again.',
    );
  }

  #placeOf(position: number): string {
    return `${this.name}, byte ${position}${this.#placeText}`;
  }

  get #placeText(): string {
    return this.#place === undefined ? '' : `, ${this.#place()}`;
  }
}

/** A key as messages show it. */
export function shownKey(key: string): string {
  return `'${key.length > MAX_SHOWN_CHARACTERS ? `${key.slice(0, MAX_SHOWN_CHARACTERS)}...` : key}'`;
}
