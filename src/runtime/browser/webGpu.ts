/** @file Whether WebGPU works here: an adapter is there, and a small graph comes out right on it. */

/// <reference lib="dom" />

import { messageOf } from '../../common/errors.js';
import { type LoadedOrt, loadOrt } from './ortModules.js';
import { webSession } from './webSession.js';

export type WebGpu =
  | { readonly adapter: string; readonly ort: LoadedOrt; readonly problem?: undefined }
  /** The end of a sentence, without a capital. */
  | { readonly adapter?: undefined; readonly problem: string };

/** What is used of the browser's interface, which TypeScript's library does not have everywhere. */
interface Gpu {
  requestAdapter(): Promise<{
    readonly info?: {
      readonly vendor?: string;
      readonly architecture?: string;
      readonly isFallbackAdapter?: boolean;
    };
    readonly isFallbackAdapter?: boolean;
  } | null>;
}

/** The graph y = a b + a for matrices (2, 2): 117 bytes of ONNX, opset 17. */
const TRIAL_GRAPH =
  'CAgSADppChEKAWEKAWISAXAiBk1hdE11bAoOCgFwCgFhEgF5IgNBZGQSBXRyaWFsWhMKAWESDgoMCAESCAoCCAIKAggCWhMKAWISDgoMCAESCAoCCAIKAggCYhMKAXkSDgoMCAESCAoCCAIKAggCQgQKABAR';
const TRIAL = { a: [1, 2, 3, 4], b: [5, 6, 7, 8], y: [20, 24, 46, 54] } as const;

/** @param allowsSoftware whether an adapter that computes on the processor will do; it is slower than WebAssembly */
export async function findWebGpu({ allowsSoftware }: { allowsSoftware: boolean }): Promise<WebGpu> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (gpu === undefined) return { problem: 'this browser offers no WebGPU.' };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return { problem: 'this browser finds no GPU for WebGPU.' };
  const { vendor = '', architecture = '' } = adapter.info ?? {};
  const name = [vendor, architecture].filter((part) => part !== '').join(' ') || 'of no name';
  const isSoftware = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  if (isSoftware && !allowsSoftware) {
    return { problem: `this browser's GPU is software (${name}), slower than WebAssembly.` };
  }
  try {
    const ort = await loadOrt('webgpu', 1);
    await tryIt(ort);
    return { adapter: name, ort };
  } catch (cause) {
    // What breaks inside of WebAssembly is thrown as a bare number.
    const found = typeof cause === 'number' ? 'its program broke off' : messageOf(cause).replace(/\.$/, '');
    return { problem: `WebGPU does not work here: ${found}.` };
  }
}

async function tryIt(ort: LoadedOrt): Promise<void> {
  const session = await webSession(ort, {
    model: Uint8Array.from(atob(TRIAL_GRAPH), (letter) => letter.charCodeAt(0)),
  });
  try {
    const matrix = (values: readonly number[]) =>
      ({ type: 'float32', data: Float32Array.from(values), dims: [2, 2] }) as const;
    const { y } = await session.run({ a: matrix(TRIAL.a), b: matrix(TRIAL.b) }, ['y']);
    const found = [...(y?.data ?? [])].map(Number);
    if (
      TRIAL.y.some((value, i) => Math.abs(value - (found[i] ?? Number.NaN)) > 1e-3 || found[i] === undefined)
    ) {
      throw new Error(`a product of two small matrices came out as ${found.join(', ')}`);
    }
  } finally {
    await session.dispose();
  }
}
