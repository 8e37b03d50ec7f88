/** @file Tar archives for tests, made by the book and not by a library. */

/**
 * An archive of plain files in POSIX's form (ustar).
 *
 * @param types of members that are none: `2` is a symbolic link, `5` a folder, `x` a header of names that are long
 */
export function makeTar(
  members: Readonly<Record<string, string | Uint8Array>>,
  types: Readonly<Record<string, string>> = {},
): Buffer {
  const blocks = Object.entries(members).flatMap(([name, content]) => {
    const data = Buffer.from(content as Uint8Array);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    // The checksum is taken with blanks in its own place.
    header.write('        ', 148);
    header.write(types[name] ?? '0', 156);
    header.write('ustar\0', 257);
    header.write('00', 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
