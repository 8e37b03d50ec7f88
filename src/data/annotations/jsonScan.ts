/** @file Finds where a JSON value ends in bytes that arrive piece by piece. Whether it is valid is for JSON.parse to say. */

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

/** What a scan gives when the value goes on in the next piece. */
export const GOES_ON = -1;

/** Looks for the end of one value. */
export interface ValueScan {
  /** The position behind the value's last byte, or `GOES_ON`; the next piece is then looked at from its start. */
  endIn(piece: Uint8Array, from: number): number;
  /** The value ends where the text does: a number, true, false or null. */
  readonly mayEndWithText: boolean;
}

/** A scan for the value that begins with the byte `first`; undefined when none begins so. */
export function scanFor(first: number): ValueScan | undefined {
  if (first === byte.quote || first === byte.openArray || first === byte.openObject) return new NestedScan();
  return isScalarStart(first) ? scalarScan : undefined;
}

export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Strings, arrays and objects: follows brackets and quotes. */
class NestedScan implements ValueScan {
  readonly mayEndWithText = false;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

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
    return GOES_ON;
  }
}

const scalarScan: ValueScan = {
  mayEndWithText: true,
  endIn(piece, from) {
    for (let i = from; i < piece.length; i++) {
      if (!isScalarPart(piece[i]!)) return i;
    }
    return GOES_ON;
  },
};

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
