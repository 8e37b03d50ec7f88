/**
 * @file Turns a pickle into plain data without running anything: classes are looked up in an allow-list, and
 * what an allowed class "constructs" is made by this program. Protocols 0 to 5.
 */

import { excerpt } from '../../common/excerpt.js';
import { PickleError } from './error.js';
import type { PickleSource } from './source.js';
import { fillDict, type PickleLimits, PickleStack, pickleLimits } from './stack.js';
import { readDecimal, readEscapedUnicode, readFloatText, readLong, readQuoted } from './text.js';
import {
  describeValue,
  isPickleGlobal,
  PickleByteRange,
  PickleDict,
  type PickleGlobal,
  PickleSet,
  PickleStateful,
  PickleTuple,
  type PickleValue,
} from './values.js';

/** The outside world of a pickle: the names it may use and what its persistent ids stand for. */
export interface PickleEnvironment {
  findGlobal(module: string, name: string): PickleGlobal | undefined;
  persistentLoad(id: PickleValue): PickleValue;
  /**
   * True where byte strings hold arrays: long ones are passed over and come as a {@link PickleByteRange}, and a string
   * of Python 2, which is bytes, comes with one character for each byte.
   */
  readonly hasArrays?: boolean;
  /** What the pickle may make. Default {@link pickleLimits}. */
  readonly limits?: PickleLimits;
}

/** Byte strings from this length on are passed over when they may hold arrays; names are shorter. */
const minRangeLength = 4096;

const maxLineLength = 1 << 16;

/**
 * Reads one pickle from the source's position up to and including its STOP.
 *
 * @throws PickleError when the pickle is malformed, too large, or asks for something outside the allow-list.
 */
export function readPickle(source: PickleSource, environment: PickleEnvironment): PickleValue {
  const limits = environment.limits ?? pickleLimits;
  const stack = new PickleStack(limits);
  const start = source.position;
  for (;;) {
    if (source.position - start - source.numSkipped > limits.bytes) {
      throw new PickleError(`it is longer than ${limits.bytes} bytes`);
    }
    const opcode = source.byte();
    if (opcode === 0x2e) return stack.pop(); // STOP
    if (environment.hasArrays && readByteString(opcode, source, stack)) continue;
    if (!readScalar(opcode, source, stack) && !readStructure(opcode, source, stack, environment)) {
      const code = `0x${opcode.toString(16).padStart(2, '0')}`;
      throw new PickleError(`byte ${source.position - 1} is ${code}, which is no pickle instruction`);
    }
  }
}

/** The opcodes of byte strings, and of texts that may stand for them, as {@link PickleEnvironment.hasArrays} wants them. */
function readByteString(opcode: number, source: PickleSource, stack: PickleStack): boolean {
  const code = String.fromCharCode(opcode);
  if (!'UTXCB\x8d\x8e\x96'.includes(code)) return false;
  const isText = code === 'X' || code === '\x8d';
  const length =
    code === 'U' || code === 'C'
      ? source.byte()
      : code === 'T' || code === 'X' || code === 'B'
        ? source.bytes(4).readUInt32LE()
        : lengthOf(source.bytes(8).readBigUInt64LE());
  if (length >= minRangeLength) {
    stack.push(new PickleByteRange(source.position, length, isText ? 'utf8' : 'raw'));
    source.skip(length);
  } else if (isText) stack.push(source.bytes(length).toString('utf8'));
  else if (code === 'U' || code === 'T') stack.push(source.bytes(length).toString('latin1'));
  else stack.push(Uint8Array.from(source.bytes(length)));
  return true;
}

/** The opcodes that push one number or text. False when `opcode` is another. */
function readScalar(opcode: number, source: PickleSource, stack: PickleStack): boolean {
  switch (String.fromCharCode(opcode)) {
    case 'N':
      stack.push(null);
      return true;
    case '\x88': // NEWTRUE
      stack.push(true);
      return true;
    case '\x89': // NEWFALSE
      stack.push(false);
      return true;
    case 'I':
    case 'L':
      stack.push(readDecimal(source.line(maxLineLength)));
      return true;
    case 'J':
      stack.push(source.bytes(4).readInt32LE());
      return true;
    case 'K':
      stack.push(source.byte());
      return true;
    case 'M':
      stack.push(source.bytes(2).readUInt16LE());
      return true;
    case '\x8a': // LONG1
      stack.push(readLong(source.bytes(source.byte())));
      return true;
    case '\x8b': // LONG4
      stack.push(readLong(source.bytes(lengthOf(source.bytes(4).readInt32LE()))));
      return true;
    case 'F':
      stack.push(readFloatText(source.line(maxLineLength)));
      return true;
    case 'G':
      stack.push(source.bytes(8).readDoubleBE());
      return true;
    case 'S':
      stack.push(readQuoted(source.line(maxLineLength)));
      return true;
    case 'V':
      stack.push(readEscapedUnicode(source.line(maxLineLength)));
      return true;
    case 'U': // SHORT_BINSTRING
    case '\x8c': // SHORT_BINUNICODE
      stack.push(source.bytes(source.byte()).toString('utf8'));
      return true;
    case 'T': // BINSTRING
    case 'X': // BINUNICODE
      stack.push(source.bytes(source.bytes(4).readUInt32LE()).toString('utf8'));
      return true;
    case '\x8d': // BINUNICODE8
      stack.push(source.bytes(lengthOf(source.bytes(8).readBigUInt64LE())).toString('utf8'));
      return true;
    case 'C': // SHORT_BINBYTES
      stack.push(Uint8Array.from(source.bytes(source.byte())));
      return true;
    case 'B': // BINBYTES
      stack.push(Uint8Array.from(source.bytes(source.bytes(4).readUInt32LE())));
      return true;
    case '\x8e': // BINBYTES8
    case '\x96': // BYTEARRAY8
      stack.push(Uint8Array.from(source.bytes(lengthOf(source.bytes(8).readBigUInt64LE()))));
      return true;
    default:
      return false;
  }
}

/** The opcodes that build containers, name globals and use the memo. False when `opcode` is none of them. */
function readStructure(
  opcode: number,
  source: PickleSource,
  stack: PickleStack,
  environment: PickleEnvironment,
): boolean {
  switch (String.fromCharCode(opcode)) {
    case '(':
      stack.mark();
      return true;
    case '0':
      stack.discard();
      return true;
    case '1':
      stack.popMark();
      return true;
    case '2':
      stack.push(stack.top());
      return true;
    case ')':
      stack.pushContainer(new PickleTuple([]));
      return true;
    case '\x85': // TUPLE1 .. TUPLE3
    case '\x86':
    case '\x87':
      stack.pushContainer(new PickleTuple(stack.popMany(opcode - 0x84)));
      return true;
    case 't':
      stack.pushContainer(new PickleTuple(stack.popMark()));
      return true;
    case ']':
      stack.pushContainer([]);
      return true;
    case 'l':
      stack.pushContainer(stack.popMark());
      return true;
    case '}':
      stack.pushContainer(new PickleDict());
      return true;
    case 'd': {
      const dict = new PickleDict();
      fillDict(dict, stack.popMark());
      stack.pushContainer(dict);
      return true;
    }
    case '\x8f': // EMPTY_SET
      stack.pushContainer(new PickleSet());
      return true;
    case '\x91': {
      // FROZENSET
      const set = new PickleSet();
      for (const item of stack.popMark()) set.items.add(item);
      stack.pushContainer(set);
      return true;
    }
    case 'a':
      stack.append(stack.popMany(1));
      return true;
    case 'e':
      stack.append(stack.popMark());
      return true;
    case '\x90': // ADDITEMS
      stack.add(stack.popMark());
      return true;
    case 's':
      stack.setItems(stack.popMany(2));
      return true;
    case 'u':
      stack.setItems(stack.popMark());
      return true;
    case 'p':
      stack.remember(memoKey(source.line(maxLineLength)));
      return true;
    case 'q':
      stack.remember(source.byte());
      return true;
    case 'r':
      stack.remember(source.bytes(4).readUInt32LE());
      return true;
    case '\x94': // MEMOIZE
      stack.rememberNext();
      return true;
    case 'g':
      stack.recall(memoKey(source.line(maxLineLength)));
      return true;
    case 'h':
      stack.recall(source.byte());
      return true;
    case 'j':
      stack.recall(source.bytes(4).readUInt32LE());
      return true;
    case '\x80': {
      // PROTO
      const protocol = source.byte();
      if (protocol > 5) throw new PickleError(`it uses pickle protocol ${protocol}; 5 is the newest known`);
      return true;
    }
    case '\x95': // FRAME: only a hint for readers that prefetch
      source.bytes(8);
      return true;
    default:
      return readObject(opcode, source, stack, environment);
  }
}

/** The opcodes through which a pickle asks for classes, functions and objects. */
function readObject(
  opcode: number,
  source: PickleSource,
  stack: PickleStack,
  environment: PickleEnvironment,
): boolean {
  switch (String.fromCharCode(opcode)) {
    case 'c': {
      const module = source.line(maxLineLength);
      stack.push(lookUp(environment, module, source.line(maxLineLength)));
      return true;
    }
    case '\x93': {
      // STACK_GLOBAL
      const [module, name] = stack.popMany(2);
      if (typeof module !== 'string' || typeof name !== 'string') {
        throw new PickleError(`it names a class by ${describeValue(module)} and ${describeValue(name)}`);
      }
      stack.push(lookUp(environment, module, name));
      return true;
    }
    case 'i': {
      // INST
      const module = source.line(maxLineLength);
      const target = lookUp(environment, module, source.line(maxLineLength));
      stack.pushContainer(construct(target, stack.popMark()));
      return true;
    }
    case 'o': {
      // OBJ
      const [target, ...args] = stack.popMark();
      stack.pushContainer(construct(target, args));
      return true;
    }
    case 'R': // REDUCE
    case '\x81': {
      // NEWOBJ
      const [target, args] = stack.popMany(2);
      stack.pushContainer(construct(target, tupleItems(args)));
      return true;
    }
    case '\x92': {
      // NEWOBJ_EX
      const [target, args, keywords] = stack.popMany(3);
      if (!(keywords instanceof PickleDict) || keywords.entries.size > 0) {
        throw new PickleError(`it makes ${describeValue(target)} with keyword arguments`);
      }
      stack.pushContainer(construct(target, tupleItems(args)));
      return true;
    }
    case 'b': {
      // BUILD: state_dict() carries version notes as an attribute of its OrderedDict; they are not weights.
      const state = stack.pop();
      const target = stack.top();
      if (target instanceof PickleStateful) {
        target.setState(state);
        return true;
      }
      if (!(target instanceof PickleDict)) {
        throw new PickleError(`it sets attributes of ${describeValue(target)}`);
      }
      return true;
    }
    case 'Q':
      stack.pushContainer(environment.persistentLoad(stack.pop()));
      return true;
    case 'P':
      stack.pushContainer(environment.persistentLoad(source.line(maxLineLength)));
      return true;
    case '\x82': // EXT1, EXT2, EXT4: numbers for classes registered in the writer's own process
    case '\x83':
    case '\x84': {
      const code = source.bytes([1, 2, 4][opcode - 0x82]!).readUIntLE(0, [1, 2, 4][opcode - 0x82]!);
      throw new PickleError(`it asks for extension code ${code}, a class that only its writer knows`);
    }
    case '\x97': // NEXT_BUFFER, READONLY_BUFFER
    case '\x98':
      throw new PickleError('it keeps data in buffers outside the file');
    default:
      return false;
  }
}

function lookUp(environment: PickleEnvironment, module: string, name: string): PickleGlobal {
  const found = environment.findGlobal(module, name);
  if (found !== undefined) return found;
  throw new PickleError(
    `it asks for ${printable(`${module}.${name}`)}, which is not among the few types that weights need; nothing was run`,
  );
}

function construct(target: PickleValue | undefined, args: readonly PickleValue[]): PickleValue {
  if (!isPickleGlobal(target)) throw new PickleError(`it calls ${describeValue(target)}`);
  if (target.construct === undefined) throw new PickleError(`it calls ${target.globalName}`);
  return target.construct(args);
}

function tupleItems(args: PickleValue | undefined): readonly PickleValue[] {
  if (args instanceof PickleTuple) return args.items;
  throw new PickleError(`it passes ${describeValue(args)} where a tuple of arguments belongs`);
}

function memoKey(text: string): number {
  const key = Number(text);
  if (!/^\d{1,15}$/.test(text))
    throw new PickleError(`it has a malformed memo key ${JSON.stringify(excerpt(text))}`);
  return key;
}

function lengthOf(value: number | bigint): number {
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw new PickleError(`it has a value of ${value} bytes`);
  return Number(value);
}

/** The name with control characters replaced, so that it cannot play tricks on a terminal. */
function printable(name: string): string {
  return name.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
}
