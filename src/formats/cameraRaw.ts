/** @file Whether a TIFF file is a camera's raw file, whose first picture is a small preview. */

/** Tags of TIFF 6.0, TIFF/EP and DNG. */
const NEW_SUBFILE_TYPE = 254;
const PHOTOMETRIC = 262;
const DNG_VERSION = 50706;
/** Values of the sensor, before they become colors: a filter array's, and linear ones. */
const SENSOR_PHOTOMETRICS = [32803, 34892];
const ENTRY_BYTES = 12;

/**
 * True for a file whose first directory says that it holds sensor values, is DNG, or that its first picture is a smaller
 * copy of another one; decoders of TIFF would show that copy without a word.
 *
 * @param head the file, or as much of its beginning as is at hand: a directory beyond it is not judged
 */
export function isCameraRaw(head: Buffer): boolean {
  if (head.length < 10) return false;
  const isLittle = head[0] === 0x49;
  const read16 = (at: number): number => (isLittle ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const read32 = (at: number): number => (isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at));
  // Canon's second version says so itself.
  if (head.toString('latin1', 8, 10) === 'CR') return true;
  const directory = read32(4);
  if (directory + 2 > head.length) return false;
  const numEntries = Math.min(read16(directory), Math.floor((head.length - directory - 2) / ENTRY_BYTES));
  for (let i = 0; i < numEntries; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES;
    const tag = read16(entry);
    if (tag === DNG_VERSION) return true;
    if (tag === NEW_SUBFILE_TYPE && (read32(entry + 8) & 1) === 1) return true;
    if (tag === PHOTOMETRIC && SENSOR_PHOTOMETRICS.includes(read16(entry + 8))) return true;
  }
  return false;
}
