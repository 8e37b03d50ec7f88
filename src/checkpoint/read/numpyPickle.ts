/**
 * @file A Python pickle of a dictionary of NumPy arrays, as Detectron2's model files are: {"model": {name: array}}.
 * Arrays stay in the file; only the descriptions are read, and nothing of Python runs.
 */

import { CheckpointError } from '../checkpointError.js';
import { PickleError } from '../pickle/error.js';
import { type PickleEnvironment, readPickle } from '../pickle/interpreter.js';
import { findNumpyGlobal, NumpyArray } from '../pickle/numpyGlobals.js';
import { PickleSource } from '../pickle/source.js';
import { describeValue, PickleByteRange, PickleDict } from '../pickle/values.js';
import { contiguousStrides, countElements, type TensorEntry, viewFault } from '../tensorEntry.js';
import type { FileReader } from './fileReader.js';
import type { ParsedCheckpoint } from './parsed.js';
import { findStateDict } from './stateDict.js';

const environment: PickleEnvironment = {
  hasArrays: true,
  findGlobal: findNumpyGlobal,
  persistentLoad: (id) => {
    throw new PickleError(`it refers to ${describeValue(id)}, which lies outside the file`);
  },
};

/** Describes the arrays of a pickle. @throws CheckpointError when it is damaged or holds no named arrays */
export function readNumpyPickle(file: FileReader, key?: string): ParsedCheckpoint {
  const source = new PickleSource((offset, length) => file.read(offset, length), 0, file.size);
  try {
    const root = readPickle(source, environment);
    if (!(root instanceof PickleDict)) throw new PickleError(`it holds ${describeValue(root)}`);
    if (source.position !== file.size) {
      throw new PickleError(`${file.size - source.position} bytes after its end belong to nothing`);
    }
    const stateDict = findStateDict(file.path, root, (value) => value instanceof NumpyArray, key);
    const entries = stateDict.tensors.map(([name, array]) => toEntry(file.path, name, array));
    const { wrapper, ignored, model } = stateDict;
    return { format: 'numpy-pickle', entries, metadata: new Map(), wrapper, ignored, model };
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new CheckpointError(
      file.path,
      `this is a Python pickle, but not one that torch.save wrote, and not a whole one of NumPy arrays by name: ${error.message}. Download it again if it is damaged, or save the weights with torch.save(model.state_dict(), ...) or as safetensors.`,
      { cause: error },
    );
  }
}

function toEntry(path: string, name: string, array: NumpyArray): TensorEntry {
  const { dtype, shape, isFortran, data } = array.content;
  // In Fortran's order the first index runs fastest.
  const strides = isFortran ? contiguousStrides([...shape].reverse()).reverse() : contiguousStrides(shape);
  const numElements = countElements(shape);
  const fault = viewFault({ shape, strides, storageOffset: 0 }, numElements);
  if (fault !== undefined) throw new CheckpointError(path, `array ${name} ${fault}. The file is damaged.`);
  const storage = { file: path, numElements, dtype };
  return {
    name,
    dtype,
    shape,
    strides,
    storage:
      data instanceof PickleByteRange
        ? {
            ...storage,
            byteOffset: data.start,
            ...(data.encoding === 'utf8'
              ? { scattered: { kind: 'utf8', byteLength: data.length } as const }
              : {}),
          }
        : { ...storage, byteOffset: 0, scattered: { kind: 'inline', bytes: data } },
    storageOffset: 0,
    numElements,
  };
}
