/** @file Several files that appear together or not at all. */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AtomicFile } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { formatPythonJson, type PythonValue, REFERENCE_STYLE } from './pythonJson.js';

/** Characters collected before they are written. */
const FLUSH_AT = 1 << 18;

/** Files under temporary names. */
export class OutputFiles {
  readonly #files: AtomicFile[] = [];

  constructor(private readonly folder: string) {}

  /** Begins a JSON array in the reference's style. */
  async array(name: string): Promise<JsonArrayWriter> {
    return new JsonArrayWriter(await this.#create(name));
  }

  /** Writes a whole file. */
  async text(name: string, content: string): Promise<void> {
    const file = await this.#create(name);
    await file.handle.writeFile(content);
  }

  async #create(name: string): Promise<AtomicFile> {
    const file = await AtomicFile.create(path.join(this.folder, name));
    this.#files.push(file);
    return file;
  }

  async commit(): Promise<void> {
    for (const file of this.#files) await file.commit();
  }

  async abandon(): Promise<void> {
    for (const file of this.#files) await file.abandon();
  }
}

/** Writes a JSON array element by element with the bytes of `json.dump(..., indent=4, sort_keys=True)`. */
export class JsonArrayWriter {
  #text = '[';
  numElements = 0;

  constructor(private readonly file: AtomicFile) {}

  async add(element: PythonValue): Promise<void> {
    this.#text += `${this.numElements === 0 ? '' : ','}\n    ${formatPythonJson(element, REFERENCE_STYLE, 1)}`;
    this.numElements++;
    if (this.#text.length >= FLUSH_AT) await this.#flush();
  }

  /** Closes the array. Python ends such a file without a line end. */
  async end(): Promise<void> {
    this.#text += this.numElements === 0 ? ']' : '\n]';
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.file.handle.writeFile(this.#text);
    this.#text = '';
  }
}

/**
 * Runs `write` and gives all its files their names at the end, or removes them when it throws.
 *
 * @param names the files that `write` will make
 * @throws UsageError before anything is done when one of them is there and `overwrite` is false
 */
export async function withOutputFiles<T>(
  folder: string,
  names: readonly string[],
  overwrite: boolean,
  write: (outputs: OutputFiles) => Promise<T>,
): Promise<T> {
  if (!overwrite) await refuseExisting(folder, names);
  const outputs = new OutputFiles(folder);
  try {
    const result = await write(outputs);
    await outputs.commit();
    return result;
  } catch (error) {
    await outputs.abandon();
    throw error;
  }
}

async function refuseExisting(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const target = path.join(folder, name);
    const found = await stat(target).catch(() => undefined);
    if (found === undefined) continue;
    throw new UsageError(`${target} is already there. Give --overwrite to replace it, or another --output.`);
  }
}
