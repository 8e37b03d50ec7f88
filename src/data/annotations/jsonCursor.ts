/** @file A place in a JSON text that moves on value by value, over bytes that arrive piece by piece. */

import { LxmertError, messageOf } from '../../common/errors.js';

/** Where bytes of JSON come from. */
export interface JsonSource {
  /** What messages call it: a path, for a member of an archive with the member's name behind it. */
  readonly name: string;
  /** The bytes from the first to the last, each time anew. */
  open(): AsyncIterable<Uint8Array>;
}

/** A value that is held whole may not be longer: 16 MiB. No annotation is, and it bounds what a hostile file costs. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/** Bytes that JSON gives a meaning. */
export const byte = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const END = -1;

/** Reads forward over one source. Holds one piece of the source and one value. */
export class JsonCursor {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Position of the piece's first byte in the source. */
  #start = 0;
  /** What a truncation cut off, as in "in the middle of question 7". */
  #place: () => string = () => 'before anything was read';

  constructor(private readonly source: JsonSource) {
    this.#pieces = source.open()[Symbol.asyncIterator]();
  }

  /** Bytes before the cursor. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** Lets go of the source, also in the middle. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  /** Says how messages call the place where the cursor is from now on. */
  describePlace(place: () => string): void {
    this.#place = place;
  }

  /** The next byte that is not white space, or -1 at the end. The cursor stays before it. */
  async peek(): Promise<number> {
    for (;;) {
      for (; this.#at < this.#piece.length; this.#at++) {
        const code = this.#piece[this.#at]!;
        if (!isSpace(code)) return code;
      }
      if (!(await this.#refill())) return END;
    }
  }

  /** Passes a byte-order mark, which JSON has none of and files have. */
  async skipByteOrderMark(): Promise<void> {
    if ((await this.peek()) !== BYTE_ORDER_MARK[0]) return;
    for (const expected of BYTE_ORDER_MARK) {
      if ((await this.peek()) !== expected) throw this.unexpected('JSON', await this.peek());
      this.#at++;
    }
  }

  /** Passes `code`. @throws LxmertError when something else comes next */
  async expect(code: number, wanted: string): Promise<void> {
    const found = await this.peek();
    if (found !== code) throw this.unexpected(wanted, found);
    this.#at++;
  }

  /** Passes `code` if it comes next and says whether it did. */
  async accept(code: number): Promise<boolean> {
    if ((await this.peek()) !== code) return false;
    this.#at++;
    return true;
  }

  /** The whole value that comes next, parsed. The cursor is then behind it. */
  async value(): Promise<unknown> {
    const first = await this.peek();
    const start = this.position;
    const bytes = await this.#take(first, true);
    try {
      return JSON.parse(this.#decoder.decode(bytes)) as unknown;
    } catch (error) {
      throw new LxmertError(
        `${this.source.name}, byte ${start}, ${this.#place()}: this is not valid JSON: ${messageOf(error)}.`,
      );
    }
  }

  /** Passes the value that comes next, however long, without holding it. Only its brackets and strings are looked at. */
  async skipValue(): Promise<void> {
    await this.#take(await this.peek(), false);
  }

  /** The error for something other than `wanted` at the cursor. */
  unexpected(wanted: string, found: number): LxmertError {
    if (found === END) return this.#truncated();
    const shown = found > 0x20 && found < 0x7f ? `'${String.fromCharCode(found)}'` : `the byte ${found}`;
    return new LxmertError(
      `${this.source.name}, byte ${this.position}, ${this.#place()}: expected ${wanted}, found ${shown}.`,
    );
  }

  /** Passes one value; its bytes when `keep`, otherwise nothing. */
  async #take(first: number, keep: boolean): Promise<Uint8Array> {
    const isContainer = first === byte.openArray || first === byte.openObject;
    if (!isContainer && first !== byte.quote && !isScalarStart(first)) {
      throw this.unexpected('a JSON value', first);
    }
    const start = this.position;
    const kept: Uint8Array[] = [];
    const scan = first === byte.quote || isContainer ? new NestedScan() : new ScalarScan();
    for (;;) {
      const from = this.#at;
      const end = scan.endIn(this.#piece, from);
      this.#at = end === END ? this.#piece.length : end;
      if (keep) {
        if (this.position - start > MAX_VALUE_BYTES) {
          throw new LxmertError(
            `${this.source.name}, byte ${start}, ${this.#place()}: the value is longer than 16 MiB. ` +
              'Is this really the file it is taken for?',
          );
        }
        kept.push(this.#piece.subarray(from, this.#at));
      }
      if (end !== END) break;
      if (!(await this.#refill())) {
        if (scan instanceof ScalarScan) break;
        throw this.#truncated();
      }
    }
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept);
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
      `${this.source.name} ends too early, after ${this.position} bytes, ${this.#place()}. ` +
        'The file is cut short; get it again.',
    );
  }
}

/** Finds the end of a string, array or object, over pieces. Whether it is valid is for JSON.parse to say. */
class NestedScan {
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  /** The position behind the value's last byte, or -1 when it goes on in the next piece. */
  endIn(piece: Uint8Array, from: number): number {
    for (let i = from; i < piece.length; i++) {
      const code = piece[i]!;
      if (this.#inString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === byte.backslash) this.#isEscaped = true;
        else if (code === byte.quote) {
          this.#inString = false;
          if (this.#depth === 0) return i + 1;
        }
      } else if (code === byte.quote) this.#inString = true;
      else if (code === byte.openArray || code === byte.openObject) this.#depth++;
      else if (code === byte.closeArray || code === byte.closeObject) {
        this.#depth--;
        if (this.#depth === 0) return i + 1;
      }
    }
    return END;
  }
}

/** Finds the end of a number, true, false or null. */
class ScalarScan {
  endIn(piece: Uint8Array, from: number): number {
    for (let i = from; i < piece.length; i++) {
      if (!isScalarPart(piece[i]!)) return i;
    }
    return END;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** A minus, a digit, or the first letter of true, false and null. */
function isScalarStart(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39) || code === 0x74 || code === 0x66 || code === 0x6e;
}

/** Letters, digits, plus, minus, full stop. */
function isScalarPart(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}
