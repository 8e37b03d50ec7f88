/** @file Zip archives for tests, written field by field: plain or zip64, stored or deflated, sound or hostile. */

import zlib from 'node:zlib';

export interface TestMember {
  readonly name: string;
  readonly data: Buffer;
  readonly deflate?: boolean;
  /** Sizes and offset in the zip64 extra field, as in archives over 4 GiB. */
  readonly zip64?: boolean;
  /** Unix mode, such as 0o120777 for a symbolic link. */
  readonly mode?: number;
  /** What the directory says instead of the truth. */
  readonly crc?: number;
  readonly numBytes?: number;
  readonly flags?: number;
}

const MAX = 0xffffffff;

/** The bytes of an archive (APPNOTE 4.3: local headers and data, directory, zip64 end and locator, end). */
export function makeZip(members: readonly TestMember[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const { data, deflate = false, zip64 = false, mode = 0o100644, flags = 0 } = member;
    const name = Buffer.from(member.name);
    const body = deflate ? zlib.deflateRawSync(data) : data;
    const numBytes = member.numBytes ?? data.length;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(zip64 ? 45 : 20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(member.crc ?? zlib.crc32(data), 10);
    common.writeUInt32LE(zip64 ? MAX : body.length, 14);
    common.writeUInt32LE(zip64 ? MAX : numBytes, 18);
    common.writeUInt16LE(name.length, 22);
    const localExtra = zip64 ? extra([numBytes, body.length]) : Buffer.alloc(0);
    common.writeUInt16LE(localExtra.length, 24);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, localExtra, body]);

    const centralExtra = zip64 ? extra([numBytes, body.length, offset]) : Buffer.alloc(0);
    const centralCommon = Buffer.from(common);
    centralCommon.writeUInt16LE(centralExtra.length, 24);
    const end = Buffer.alloc(14);
    end.writeUInt32LE((mode << 16) >>> 0, 6);
    end.writeUInt32LE(zip64 ? MAX : offset, 10);
    const madeBy = Buffer.from([45, 3]);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, centralCommon, end, name, centralExtra]),
    );
    pieces.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const isZip64 = members.some((member) => member.zip64 === true);
  const ending = isZip64 ? [zip64End(members.length, central.length, offset)] : [];
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(isZip64 ? 0xffff : members.length, 8);
  end.writeUInt16LE(isZip64 ? 0xffff : members.length, 10);
  end.writeUInt32LE(isZip64 ? MAX : central.length, 12);
  end.writeUInt32LE(isZip64 ? MAX : offset, 16);
  return Buffer.concat([...pieces, central, ...ending, end]);
}

function extra(values: number[]): Buffer {
  const field = Buffer.alloc(4 + values.length * 8);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(values.length * 8, 2);
  for (const [i, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + i * 8);
  return field;
}

function zip64End(numMembers: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(56);
  record.write('PK\x06\x06', 'latin1');
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(numMembers), 24);
  record.writeBigUInt64LE(BigInt(numMembers), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}
