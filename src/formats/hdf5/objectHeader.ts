/** @file An object's header: the messages that say what a group or a dataset is. */

import { Hdf5Fault, Hdf5Unread } from './fault.js';
import { Fields, type Structures } from './fields.js';

/** Kinds of messages that are read here. */
export const MESSAGES = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;
export type MessageKind = keyof typeof MESSAGES;

/** The messages of one object. */
export class ObjectHeader {
  constructor(
    readonly address: number,
    private readonly messages: readonly { readonly type: number; readonly fields: Fields }[],
  ) {}

  /** Each can be read once. */
  all(kind: MessageKind): Fields[] {
    return this.messages.filter(({ type }) => type === MESSAGES[kind]).map(({ fields }) => fields);
  }

  find(kind: MessageKind): Fields | undefined {
    return this.all(kind)[0];
  }
}

/** A header goes on in other places a few times. */
const MAX_BLOCKS = 256;
/** Links and attributes beyond some dozens are not kept in headers. */
const MAX_MESSAGES = 65_536;
const SHARED = 2;
const WHAT = 'object header';

interface Block {
  readonly address: number;
  readonly length: number;
}

/** @throws Hdf5Fault for bytes that are no header */
export function readObjectHeader(structures: Structures, address: number, depth = 0): ObjectHeader {
  if (depth > MAX_DEPTH)
    throw new Hdf5Fault(structures.file, `The ${WHAT} at byte ${address} names types in a circle`);
  const place = { structures, address, depth };
  const isNew = structures.fields(address, 4, WHAT).bytes.toString('latin1') === 'OHDR';
  return new ObjectHeader(address, isNew ? readNew(place) : readOld(place));
}

/** Where a header stands. */
interface Place {
  readonly structures: Structures;
  readonly address: number;
  /** Headers whose types this one gives. */
  readonly depth: number;
}

const MAX_DEPTH = 4;

type Message = { readonly type: number; readonly fields: Fields };

function readOld(place: Place): Message[] {
  const { structures, address } = place;
  const prefix = structures.fields(address, 16, WHAT);
  prefix.version(1);
  prefix.skip(1);
  const numMessages = prefix.number(2);
  prefix.skip(4);
  const first = { address: address + 16, length: prefix.number(4) };
  const messages = readBlocks(place, first, (fields) => {
    if (fields.left < 8) return undefined;
    const [type, length, flags] = [fields.number(2), fields.number(2), fields.number(1)];
    fields.skip(3);
    return { type, length, flags };
  });
  return messages.slice(0, numMessages);
}

function readNew(place: Place): Message[] {
  const { structures, address } = place;
  const prefix = structures.fieldsUpTo(address, 64, WHAT);
  prefix.mark('OHDR');
  prefix.version(2);
  const flags = prefix.number(1);
  if ((flags & 0x20) !== 0) prefix.skip(16);
  if ((flags & 0x10) !== 0) prefix.skip(4);
  const length = prefix.number(1 << (flags & 3));
  const hasOrder = (flags & 4) !== 0;
  const first = { address: address + prefix.position, length };
  return readBlocks(
    place,
    first,
    (fields) => {
      if (fields.left < (hasOrder ? 6 : 4)) return undefined;
      const [type, size, messageFlags] = [fields.number(1), fields.number(2), fields.number(1)];
      if (hasOrder) fields.skip(2);
      return { type, length: size, flags: messageFlags };
    },
    { mark: 'OCHK', endBytes: 4 },
  );
}

/** Reads a block of messages and those in which it goes on, in their order. */
function readBlocks(
  place: Place,
  first: Block,
  readPrefix: (fields: Fields) => { type: number; length: number; flags: number } | undefined,
  continued: { readonly mark: string; readonly endBytes: number } = { mark: '', endBytes: 0 },
): Message[] {
  const { structures, address: header } = place;
  const messages: Message[] = [];
  const blocks = [first];
  for (let i = 0; i < blocks.length; i++) {
    const { address, length } = blocks[i] as Block;
    const fields = structures.fields(address, length, WHAT);
    if (i > 0) fields.mark(continued.mark);
    const end = length - (i > 0 ? continued.endBytes : 0);
    while (fields.position < end) {
      const prefix = readPrefix(fields);
      if (prefix === undefined) break;
      const bytes = fields.take(prefix.length);
      const message = messageOf(place, prefix, bytes);
      if (prefix.type === MESSAGES.continuation)
        blocks.push({ address: message.fields.definedAddress(), length: message.fields.length() });
      else messages.push(message);
      if (blocks.length > MAX_BLOCKS || messages.length > MAX_MESSAGES)
        throw new Hdf5Fault(structures.file, `The object header at byte ${header} does not end`);
    }
  }
  return messages;
}

function messageOf(
  place: Place,
  { type, flags }: { readonly type: number; readonly flags: number },
  bytes: Buffer,
): Message {
  const { structures, address } = place;
  const what = `message ${type} of the object header at byte ${address}`;
  const fields = new Fields(bytes, structures.widths, structures.file, what);
  const isRead = Object.values<number>(MESSAGES).includes(type);
  return { type, fields: (flags & SHARED) !== 0 && isRead ? sharedFields(place, type, fields) : fields };
}

/** A type with a name of its own stands in another object's header. */
function sharedFields({ structures, depth }: Place, type: number, fields: Fields): Fields {
  const version = fields.version(1, 2, 3);
  const kind = fields.number(1);
  if (version === 3 && kind === 1)
    throw new Hdf5Unread(structures.file, 'messages that several objects share');
  if (version === 1) fields.skip(6);
  const address = fields.definedAddress();
  if (type !== MESSAGES.datatype) fields.fail('is shared, which only types are');
  const named = readObjectHeader(structures, address, depth + 1).find('datatype');
  return named ?? fields.fail(`names a type at byte ${address}, where none is`);
}
