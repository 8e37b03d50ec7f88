/** @file The .wasm files of onnxruntime-web, compressed, since many plain servers compress nothing. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { LxmertError, messageOf } from '../../common/errors.js';
import { WASM_FILES } from '../../runtime/exportedFiles.js';

let packed: Promise<ReadonlyMap<string, Buffer>> | undefined;

/** The files by the names that the page asks for; packed once in a process. */
export function engineFiles(): Promise<ReadonlyMap<string, Buffer>> {
  packed ??= packEngineFiles();
  return packed;
}

async function packEngineFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const resolve = createRequire(import.meta.url).resolve;
  const names = Object.values(WASM_FILES);
  try {
    const files = names.map(async (name): Promise<[string, Buffer]> => {
      const bytes = await readFile(resolve(`onnxruntime-web/${name}`));
      return [name, await promisify(gzip)(bytes, { level: 9 })];
    });
    return new Map(await Promise.all(files));
  } catch (cause) {
    throw new LxmertError(
      `The files of onnxruntime-web, which computes in the page, cannot be read: ${messageOf(cause)}. Install lxmert again.`,
      { cause },
    );
  }
}
