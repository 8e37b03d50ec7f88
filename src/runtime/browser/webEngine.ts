/** @file onnxruntime-web as an engine: WebGPU where it works and is worth it, else WebAssembly with the threads that the page may have. */

/// <reference lib="dom" />

import { messageOf, UsageError } from '../../common/errors.js';
import type { Engine, EngineInfo, EngineSession, GraphFile } from '../engine.js';
import { requireNumThreads } from '../numThreads.js';
import type { EngineOptions } from '../platform.js';
import { type Device, type LoadedOrt, loadOrt } from './ortModules.js';
import { findWebGpu } from './webGpu.js';
import { webSession } from './webSession.js';

/** Below this a GPU's start, its larger program and its shaders cost more than it saves in any number of questions that a person asks. */
const SMALL_MODEL_BYTES = 16 * 1024 * 1024;
/** More threads than this give nothing to models of this kind. */
const MOST_THREADS = 8;

const BROWSER_ENGINES = ['webgpu', 'wasm'] as const;

/**
 * Chooses what computes; `info` says what and why, and is final when sessions were made.
 *
 * @throws UsageError for an engine that browsers do not have, and for WebGPU where it was asked for and does not work
 */
export async function createWebEngine(options: EngineOptions = {}): Promise<Engine> {
  const { engine } = options;
  requireNumThreads(options.numThreads);
  if (engine !== undefined && !BROWSER_ENGINES.some((each) => each === engine)) {
    throw new UsageError(`In a browser the engine is webgpu or wasm, not '${engine}'.`);
  }
  const reason = engine === 'wasm' ? 'It was asked for.' : whyNoGpu(options);
  if (reason !== undefined) return new WebEngine(await loadOrt('wasm', threadsFor(options)), reason);
  const gpu = await findWebGpu({ allowsSoftware: engine === 'webgpu' });
  if (gpu.adapter !== undefined) {
    const why = engine === 'webgpu' ? 'It was asked for.' : `This browser offers a GPU (${gpu.adapter}).`;
    return new WebEngine(gpu.ort, why, options);
  }
  if (engine === 'webgpu') throw new UsageError(`WebGPU was asked for, but ${gpu.problem}`);
  const { problem } = gpu;
  return new WebEngine(await loadOrt('wasm', threadsFor(options)), capitalized(problem));
}

/** Why a GPU is not even looked for. */
function whyNoGpu({ engine, weights }: EngineOptions): string | undefined {
  if (engine !== undefined || weights === undefined) return undefined;
  if (weights.precision === 'int8') return 'Weights of int8 are made for processors.';
  if (weights.numBytes >= SMALL_MODEL_BYTES) return undefined;
  return 'The model is small: it answers before a GPU would have started.';
}

/** Threads share memory, which browsers give to pages that are isolated from others. */
function threadsFor({ numThreads }: EngineOptions): number {
  if (globalThis.crossOriginIsolated !== true) return 1;
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  // Many count two for each core, of which one is enough.
  return numThreads ?? Math.min(MOST_THREADS, Math.max(Math.min(cores, 4), Math.ceil(cores / 2)));
}

class WebEngine implements Engine {
  readonly readsPaths = false;
  #ort: LoadedOrt;
  #reason: string;
  /** What is left to try when WebGPU refuses a graph; absent once it may not be changed. */
  #fallback: EngineOptions | undefined;

  constructor(ort: LoadedOrt, reason: string, fallback?: EngineOptions) {
    this.#ort = ort;
    this.#reason = reason;
    this.#fallback = fallback?.engine === undefined ? fallback : undefined;
  }

  get info(): EngineInfo {
    const { device, numThreads, version } = this.#ort;
    return { name: 'onnxruntime-web', version, device, numThreads, reason: this.#fullReason() };
  }

  async createSession(file: GraphFile): Promise<EngineSession> {
    try {
      const session = await webSession(this.#ort, file);
      this.#fallback = undefined;
      return session;
    } catch (cause) {
      if (this.#fallback === undefined) throw cause;
      this.#ort = await loadOrt('wasm', threadsFor(this.#fallback));
      this.#reason = `WebGPU does not take this model: ${messageOf(cause)}.`;
      this.#fallback = undefined;
      return await webSession(this.#ort, file);
    }
  }

  #fullReason(): string {
    const { device, numThreads } = this.#ort;
    return `${this.#reason} ${threadsReason(device, numThreads)}`.trim();
  }
}

function threadsReason(device: Device, numThreads: number): string {
  if (device === 'webgpu' || numThreads > 1) return '';
  return globalThis.crossOriginIsolated === true
    ? ''
    : 'One thread, because the page is not cross-origin isolated.';
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
