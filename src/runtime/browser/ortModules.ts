/**
 * @file The two builds of onnxruntime-web, each loaded when it is first used: one with WebAssembly alone, one with
 * WebGPU, which is larger. Their .wasm files lie beside the script, where bundlers put them.
 */

import type * as Ort from 'onnxruntime-web';
import { inTurn } from '../inTurn.js';

export type Device = 'webgpu' | 'wasm';

export interface LoadedOrt {
  readonly ort: typeof Ort;
  readonly device: Device;
  readonly version: string;
  /** What it was started with; it cannot be changed afterwards. */
  readonly numThreads: number;
  /** Runs one after another what may not run at once: the module has one stack. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Reads one of onnxruntime-web's .wasm files by its name there. */
export type WasmFileReader = (name: string) => Promise<Uint8Array>;

/** The names of the files that are read. */
export const WASM_FILES: Readonly<Record<Device, string>> = {
  wasm: 'ort-wasm-simd-threaded.wasm',
  webgpu: 'ort-wasm-simd-threaded.asyncify.wasm',
};

let readWasmFile: WasmFileReader | undefined;
const loaded = new Map<Device, Promise<LoadedOrt>>();

/**
 * Gives onnxruntime-web's .wasm files from elsewhere than beside the script: compressed, say, or out of an archive. Call
 * it before the first model is loaded.
 */
export function useWasmFiles(read: WasmFileReader): void {
  readWasmFile = read;
}

/**
 * Loads a build, once. Each import stands alone, so that bundlers make a file of each: onnxruntime-web starts its threads
 * from the file that it is in, and must be alone there.
 */
export function loadOrt(device: Device, numThreads: number): Promise<LoadedOrt> {
  const known = loaded.get(device);
  if (known !== undefined) return known;
  const loading = load(device, numThreads);
  loaded.set(device, loading);
  // What failed to load may load the next time.
  loading.catch(() => loaded.delete(device));
  return loading;
}

async function load(device: Device, numThreads: number): Promise<LoadedOrt> {
  const ort: typeof Ort =
    device === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = numThreads;
  if (readWasmFile !== undefined) {
    const bytes = await readWasmFile(WASM_FILES[device]);
    ort.env.wasm.wasmBinary = bytes as Uint8Array<ArrayBuffer>;
  }
  return {
    ort,
    device,
    version: ort.env.versions.web ?? ort.env.versions.common,
    numThreads,
    inTurn: inTurn(),
  };
}
