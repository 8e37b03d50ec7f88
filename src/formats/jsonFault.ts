/** @file Says where a text stops to be JSON, and what should stand there: JSON.parse tells in words of its own, or not at all. */

/** What is wrong, as in `expected ',' or ']', found 'x'`, and where. */
export interface JsonFault {
  /** Characters before it. */
  readonly offset: number;
  readonly what: string;
}

/** The fault with its place, as in `line 3, column 8: expected ':', found ','`. */
export function describeJsonFault(text: string): string {
  const fault = findJsonFault(text);
  if (fault === undefined) return 'it cannot be parsed';
  const before = text.slice(0, fault.offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1) as string).length + 1}: ${fault.what}`;
}

/** JSON.parse with a message for a person. @throws Error that says where the text stops to be JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(describeJsonFault(text), { cause });
  }
}

/** The first fault of a text; undefined for what is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  return new JsonScan(text).run();
}

/** What may stand next. */
type Expected =
  | 'a value'
  | "a value or ']'"
  | 'a key'
  | "a key or '}'"
  | "':'"
  | "',' or '}'"
  | "',' or ']'"
  | 'the end';

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
/** What a person meant as one thing, such as `NaN` or `'text'`. */
const WORD = /[\w'+.-]+|./suy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONGEST_SHOWN = 20;

class JsonScan {
  #at = 0;
  #expected: Expected = 'a value';
  readonly #open: ('{' | '[')[] = [];

  constructor(private readonly text: string) {}

  run(): JsonFault | undefined {
    for (;;) {
      this.#skip(SPACE);
      if (this.#at === this.text.length) {
        if (this.#expected === 'the end') return undefined;
        return { offset: this.#at, what: `it ends here, where ${this.#expected} was expected` };
      }
      const fault = this.#next(this.text[this.#at] as string);
      if (fault !== undefined) return fault;
    }
  }

  /** Takes one token; the fault is where it begins, or within a text. */
  #next(character: string): JsonFault | undefined {
    const expected = this.#expected;
    if (expected === "':'" && character === ':') return this.#take('a value');
    if (
      (expected === "',' or '}'" && character === '}') ||
      (expected === "a key or '}'" && character === '}')
    )
      return this.#close();
    if ((expected === "',' or ']'" || expected === "a value or ']'") && character === ']')
      return this.#close();
    if (expected === "',' or '}'" && character === ',') return this.#take('a key');
    if (expected === "',' or ']'" && character === ',') return this.#take('a value');
    if (expected.startsWith('a key') && character === '"') return this.#text("':'");
    if (expected.startsWith('a value')) return this.#value(character);
    return this.#other();
  }

  #value(character: string): JsonFault | undefined {
    if (character === '{' || character === '[') {
      this.#open.push(character);
      return this.#take(character === '{' ? "a key or '}'" : "a value or ']'");
    }
    if (character === '"') return this.#text(this.#afterValue());
    if (this.#skip(SCALAR) === 0) return this.#other();
    this.#expected = this.#afterValue();
    return undefined;
  }

  /** Goes behind the closing quote. */
  #text(then: Expected): JsonFault | undefined {
    const start = this.#at;
    for (let at = start + 1; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        this.#expected = then;
        return undefined;
      }
      if (code < 0x20)
        return {
          offset: at,
          what: `a text is not closed, or holds ${shown(this.text[at] as string)} as it is`,
        };
      if (code !== 0x5c) continue;
      ESCAPE.lastIndex = at;
      const escaped = ESCAPE.exec(this.text);
      if (escaped === null && at + 1 < this.text.length)
        return {
          offset: at,
          what: `${shown(this.text.slice(at, at + 2))} within a text is no escape of JSON`,
        };
      at += (escaped?.[0].length ?? 1) - 1;
    }
    return { offset: start, what: 'the text that begins here is not closed; the file may be cut short' };
  }

  #close(): undefined {
    this.#open.pop();
    return this.#take(this.#afterValue());
  }

  #take(then: Expected): undefined {
    this.#at++;
    this.#expected = then;
    return undefined;
  }

  #afterValue(): Expected {
    const holder = this.#open.at(-1);
    if (holder === undefined) return 'the end';
    return holder === '{' ? "',' or '}'" : "',' or ']'";
  }

  #other(): JsonFault {
    WORD.lastIndex = this.#at;
    const found = WORD.exec(this.text)?.[0] ?? '';
    return { offset: this.#at, what: `expected ${this.#expected}, found ${shown(found)}` };
  }

  #skip(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    const length = pattern.exec(this.text)?.[0].length ?? 0;
    this.#at += length;
    return length;
  }
}

/** In quotes; what a terminal would obey as JSON would write it. */
function shown(text: string): string {
  const cut = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
  const safe = JSON.stringify(cut).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\');
  return `'${safe}'`;
}
