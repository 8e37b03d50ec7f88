/** @file NumPy's files (.npy, .npz) as the named values of a picture. */

import { type DataValue, PickleError, readArrayPickle } from '../../checkpoint/pickle/index.js';
import { LxmertError, messageOf } from '../../common/errors.js';
import { isObjectArray, NpyFault, readNpy, readNpyHeader } from '../../formats/npy.js';
import { ZipFault } from '../../formats/zip/zipFault.js';
import { listZipInMemory, unpackInMemory } from '../../formats/zip/zipInMemory.js';
import { FIELD_NAMES, type PictureRecord } from './pictureFields.js';

/** A thousand boxes with 2048 numbers of 8 bytes take 16 MiB; probabilities of 1,600 classes less. */
export const MAX_ARRAY_BYTES = 1 << 26;

/**
 * The arrays of an .npz file in memory, those under names that are looked for.
 *
 * @throws LxmertError, without the file's name, for one that is damaged or no NumPy archive
 */
export async function readNpzRecord(archive: Buffer): Promise<PictureRecord> {
  try {
    const record = new Map<string, DataValue>();
    for (const member of await listZipInMemory(archive)) {
      const name = member.name.replace(/\.npy$/, '');
      if (name === member.name)
        throw new LxmertError(`it holds ${name.slice(0, 100)}, which is no array of NumPy's.`);
      const isWanted = FIELD_NAMES.has(name);
      record.set(
        name,
        isWanted ? readNpyValue(name, unpackInMemory(archive, member, MAX_ARRAY_BYTES)) : null,
      );
    }
    return record;
  } catch (error) {
    if (!(error instanceof ZipFault)) throw error;
    const member = error.member === undefined ? '' : `${error.member} in `;
    throw new LxmertError(`${member}it is damaged: ${error.message}.`, { cause: error });
  }
}

/**
 * The array, or the Python object, in a .npy file.
 *
 * @param name for messages
 * @throws LxmertError for anything else
 */
export function readNpyValue(name: string, bytes: Uint8Array): DataValue {
  try {
    const header = readNpyHeader(bytes);
    return isObjectArray(header) ? readArrayPickle(bytes.subarray(header.dataStart)) : readNpy(bytes);
  } catch (error) {
    if (error instanceof PickleError)
      throw new LxmertError(`the Python objects of ${name} are not read: ${messageOf(error)}.`, {
        cause: error,
      });
    if (error instanceof NpyFault)
      throw new LxmertError(`${name} is no sound .npy file: ${error.message}.`, { cause: error });
    throw error;
  }
}
