/** @file Splits the array or object of a JSON file into its members, whatever the size of the file. */

import { LxmertError, messageOf } from '../../common/errors.js';
import { readText } from './textFile.js';

/** A member longer than this is no annotation. */
const MAX_MEMBER_CHARACTERS = 16 * 1024 * 1024;

/** Keys of the top-level object that an error lists. */
const MAX_LISTED_KEYS = 8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Which container of the file is wanted. */
export interface MemberSource {
  /** What the top level of the file must be. */
  readonly top: 'array' | 'object';
  /** With an object on top: the key whose value, an array, is wanted. Other keys are passed over unread. */
  readonly under?: string;
  /** Bytes read at a time. */
  readonly chunkBytes?: number | undefined;
  /** Changes a member's text before it is parsed. */
  readonly prepare?: ((text: string) => string) | undefined;
}

/** An element of an array, or an entry of an object with its key. */
export interface JsonMember {
  readonly key: string | undefined;
  readonly value: unknown;
}

/**
 * Yields the members of the wanted container in the order of the file. One member is held at a time, so a file
 * beyond the longest string of the JavaScript engine (512 MB) can be read.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError when the file is not such JSON or is cut short, with the place
 */
export async function* readJsonMembers(file: string, source: MemberSource): AsyncGenerator<JsonMember> {
  const splitter = new MemberSplitter(file, source);
  for await (const part of readText(file, source.chunkBytes)) yield* splitter.split(part);
  splitter.end();
}

/** Follows brackets and strings through the pieces of a file; members are cut out and left to JSON.parse. */
class MemberSplitter {
  /** Text of the member at hand from earlier pieces. */
  private text = '';
  private depth = 0;
  /** Depth at which the members of the container at hand stand: 1, or 2 inside the array under a key. */
  private level = 1;
  private inString = false;
  private isEscaped = false;
  private key: string | undefined;
  private numMembers = 0;
  /** Entries of the top-level object before the one at hand. */
  private numEntries = 0;
  private isFinished = false;
  /** The array under the wanted key: not reached, just closed (nothing but a comma may follow), passed. */
  private wanted: 'ahead' | 'closed' | 'passed' = 'ahead';
  private readonly topKeys: string[] = [];

  constructor(
    private readonly file: string,
    private readonly source: MemberSource,
  ) {}

  *split(part: string): Generator<JsonMember> {
    let start = 0;
    for (let i = 0; i < part.length; i++) {
      const code = part.charCodeAt(i);
      if (this.inString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (code === BACKSLASH) this.isEscaped = true;
        else if (code === QUOTE) this.inString = false;
      } else if (code === QUOTE) {
        if (this.depth === 0) throw this.misplaced();
        this.inString = true;
      } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
        if (this.opens(code, part.slice(start, i))) start = i + 1;
      } else if (code === COLON) {
        if (this.depth !== this.level || !this.isInObject || this.key !== undefined) continue;
        this.readKey(part.slice(start, i));
        start = i + 1;
      } else if (code === COMMA || code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
        if (this.depth === 0) throw this.misplaced();
        if (this.depth !== this.level) {
          if (code !== COMMA) this.depth--;
          continue;
        }
        const member = this.takeMember(part.slice(start, i), code);
        start = i + 1;
        if (member !== undefined) {
          yield member;
          this.numMembers++;
        }
        if (code !== COMMA) this.close(code);
      }
    }
    this.keep(part.slice(start));
  }

  /** Checks, when the file has been read, that it was whole. */
  end(): void {
    const { file, source } = this;
    if (!this.isFinished) {
      if (this.depth === 0) {
        throw new LxmertError(`${file}: expected a JSON ${source.top}, but the file holds none.`);
      }
      throw new LxmertError(
        `${file} ends in the middle, after ${this.numMembers} whole ${this.members}. The file is cut short.`,
      );
    }
    if (this.text.trim() !== '') throw this.misplaced();
    if (source.under !== undefined && this.wanted === 'ahead') {
      const keys = this.topKeys.length === 0 ? 'it has no keys' : `its keys are ${this.topKeys.join(', ')}`;
      throw new LxmertError(`${file}: expected an array under the key '${source.under}', but ${keys}.`);
    }
  }

  private get isInObject(): boolean {
    return this.source.top === 'object' && this.level === 1;
  }

  private get members(): string {
    return this.isInObject && this.source.under === undefined ? 'entries' : 'elements';
  }

  /** A value of the top-level object that nobody asked for. */
  private get isPassedOver(): boolean {
    return this.source.under !== undefined && this.level === 1 && this.key !== undefined;
  }

  /** Takes an opening bracket; true when it opens the top-level container or the wanted array. */
  private opens(code: number, before: string): boolean {
    const isBlank = this.text.trim() === '' && before.trim() === '';
    this.depth++;
    if (this.depth === 1) {
      const expected = this.source.top === 'array' ? OPEN_ARRAY : OPEN_OBJECT;
      if (this.isFinished || code !== expected || !isBlank) throw this.misplaced();
      this.text = '';
      return true;
    }
    const { under } = this.source;
    if (under === undefined || this.level !== 1 || this.depth !== 2) return false;
    if (this.key !== under || code !== OPEN_ARRAY || this.wanted === 'closed' || !isBlank) return false;
    if (this.wanted === 'passed') throw new LxmertError(`${this.file} has the key '${under}' twice.`);
    this.level = 2;
    this.text = '';
    return true;
  }

  private readKey(piece: string): void {
    const text = (this.text + piece).trim();
    this.text = '';
    let key: unknown;
    try {
      key = JSON.parse(text);
    } catch {
      key = undefined;
    }
    if (typeof key !== 'string') {
      throw new LxmertError(
        `${this.file}: expected a key in quotes before the colon of entry ${this.numEntries}.`,
      );
    }
    this.key = key;
    if (this.source.under !== undefined && this.topKeys.length < MAX_LISTED_KEYS) this.topKeys.push(key);
  }

  /** The member that ends here; undefined for an empty container and for what is passed over. */
  private takeMember(piece: string, code: number): JsonMember | undefined {
    const text = (this.text + piece).trim();
    const { key } = this;
    this.text = '';
    this.key = undefined;
    if (this.isInObject) return this.takeEntry(key, text, code);
    if (text === '') {
      if (code === CLOSE_ARRAY && this.numMembers === 0) return undefined;
      throw new LxmertError(`${this.file}: element ${this.numMembers} is missing before a comma or the end.`);
    }
    return { key: undefined, value: this.parse(text, `element ${this.numMembers}`) };
  }

  private takeEntry(key: string | undefined, text: string, code: number): JsonMember | undefined {
    const place = this.numEntries++;
    if (key === undefined) {
      if (text === '' && code === CLOSE_OBJECT && place === 0) return undefined;
      const problem = text === '' ? 'is missing before a comma or the end' : 'has no key';
      throw new LxmertError(`${this.file}: entry ${place} ${problem}.`);
    }
    if (this.wanted === 'closed') {
      if (text !== '') throw new LxmertError(`${this.file}: there is text after the array under '${key}'.`);
      this.wanted = 'passed';
      return undefined;
    }
    if (key === this.source.under) {
      throw new LxmertError(
        `${this.file}: expected an array under the key '${key}', but it is something else.`,
      );
    }
    if (text === '') throw new LxmertError(`${this.file}: the key '${key}' has no value.`);
    if (this.source.under !== undefined) return undefined;
    return { key, value: this.parse(text, `the value of '${key}'`) };
  }

  private close(code: number): void {
    if ((code === CLOSE_OBJECT) !== this.isInObject) {
      throw new LxmertError(
        `${this.file}: a bracket of the wrong kind closes the file's ${this.isInObject ? 'object' : 'array'}.`,
      );
    }
    this.depth--;
    if (this.level === 2) {
      this.level = 1;
      this.key = this.source.under;
      this.wanted = 'closed';
    } else {
      this.isFinished = true;
    }
  }

  private keep(rest: string): void {
    if (this.isPassedOver) {
      // Whether anything but blanks stood here is all that is asked of a value that is passed over.
      this.text = (this.text + rest).trimStart().slice(0, 1);
      return;
    }
    this.text += rest;
    if (this.text.length > MAX_MEMBER_CHARACTERS) {
      const what = this.isInObject ? `entry ${this.numEntries}` : `element ${this.numMembers}`;
      throw new LxmertError(`${this.file}: ${what} is longer than 16 Mi characters.`);
    }
  }

  private parse(text: string, what: string): unknown {
    try {
      return JSON.parse(this.source.prepare?.(text) ?? text);
    } catch (error) {
      throw new LxmertError(`${this.file}: ${what} is not valid JSON: ${messageOf(error)}.`);
    }
  }

  /** Something stands outside the top-level container. */
  private misplaced(): LxmertError {
    const { top } = this.source;
    return new LxmertError(
      this.isFinished
        ? `${this.file}: there is text after the end of the JSON ${top}.`
        : `${this.file}: expected a JSON ${top} at the top level, but found something else.`,
    );
  }
}
