/** @file Regions whose elements do not lie one after another in the file, put together in memory when asked for. */

import { CheckpointError } from '../checkpointError.js';
import { elementSize, type Run, type Scattered, type StorageRegion } from '../tensorEntry.js';
import { FileReader } from './fileReader.js';

/** Bytes read at once. */
const pieceLength = 1 << 20;

/** The region's elements, one after another. @throws CheckpointError when the file no longer holds them */
export function gatherScattered(region: StorageRegion, scattered: Scattered): Uint8Array {
  if (scattered.kind === 'inline') return Uint8Array.from(scattered.bytes);
  using file = FileReader.open(region.file);
  const gathered = new Uint8Array(region.numElements * elementSize(region.dtype));
  if (scattered.kind === 'utf8') decodeUtf8(file, region.byteOffset, scattered.byteLength, gathered);
  else gatherRuns(file, scattered.runs, elementSize(region.dtype), gathered);
  return gathered;
}

function gatherRuns(file: FileReader, runs: readonly Run[], size: number, gathered: Uint8Array): void {
  let filled = 0;
  for (const { byteOffset, numElements, step } of runs) {
    const perPiece = Math.max(1, Math.floor(pieceLength / step));
    for (let done = 0; done < numElements; done += perPiece) {
      const count = Math.min(perPiece, numElements - done);
      // The bytes between the last element and the next are none of the run's.
      const piece = file.read(byteOffset + done * step, (count - 1) * step + size);
      for (let i = 0; i < count; i++) {
        for (let byte = 0; byte < size; byte++) gathered[filled++] = piece[i * step + byte]!;
      }
    }
  }
}

function decodeUtf8(file: FileReader, start: number, length: number, gathered: Uint8Array): void {
  const end = start + length;
  let filled = 0;
  let high = -1;
  for (let position = start; position < end; position += pieceLength) {
    for (const byte of file.read(position, Math.min(pieceLength, end - position))) {
      if (high >= 0 && (byte & 0xc0) === 0x80) {
        gathered[filled++] = (high << 6) | (byte & 0x3f);
        high = -1;
      } else if (high < 0 && byte < 0x80) gathered[filled++] = byte;
      // Only 0xc2 and 0xc3 begin the characters from 128 to 255.
      else if (high < 0 && (byte === 0xc2 || byte === 0xc3)) high = byte & 0x03;
      else throw new CheckpointError(file.path, 'the bytes of an array are not written as Python does it.');
    }
  }
  if (filled !== gathered.length || high >= 0) {
    throw new CheckpointError(
      file.path,
      `an array should have ${gathered.length} bytes and ${filled} are stored. The file is damaged.`,
    );
  }
}
