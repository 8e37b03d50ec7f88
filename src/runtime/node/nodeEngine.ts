/** @file What computes in Node.js: onnxruntime-node where it is installed, else WebAssembly, which always is. */

import type * as Native from 'onnxruntime-node';
import { messageOf, UsageError } from '../../common/errors.js';
import { readProcessor } from '../../common/processor.js';
import type { ProcessorQuota } from '../../common/processorQuota.js';
import { numComputeThreads, numUsableProcessors, statedNumThreads } from '../../common/usableProcessors.js';
import type { Engine, EngineInfo } from '../engine.js';
import { inTurn } from '../inTurn.js';
import { requireNumThreads } from '../numThreads.js';
import { type OrtModule, ortSession } from '../ortSession.js';
import type { EngineOptions } from '../platform.js';

export const NODE_ENGINES = ['onnxruntime-node', 'onnxruntime-web'] as const;

const INSTALL = 'npm install --ignore-scripts onnxruntime-node';

/**
 * Chooses what computes.
 *
 * @throws UsageError for an engine that is not there, and for an impossible number of threads
 */
export async function createNodeEngine({ engine, numThreads }: EngineOptions = {}): Promise<Engine> {
  if (engine !== undefined && !NODE_ENGINES.some((each) => each === engine)) {
    throw new UsageError(`In Node.js the engine is ${NODE_ENGINES.join(' or ')}, not '${engine}'.`);
  }
  const threads = numThreads ?? defaultNumThreads();
  requireNumThreads(threads);
  if (engine === 'onnxruntime-web') return await webEngine(threads, 'It was asked for.');
  const found = await findNative();
  if ('ort' in found) {
    const reason =
      engine === undefined ? 'onnxruntime-node is installed and computes fastest here.' : 'It was asked for.';
    return nativeEngine(found.ort, threads, reason);
  }
  if (engine !== undefined)
    throw new UsageError(`The engine onnxruntime-node was asked for: ${found.problem}`);
  return await webEngine(threads, `WebAssembly computes, because ${found.problem}`);
}

/**
 * Threads where nobody names a number: `OMP_NUM_THREADS`, else one for each core that this process may use, by its affinity
 * and its container's quota. A second thread on a core does not compute faster.
 */
export function defaultNumThreads(
  variables?: Readonly<Record<string, string | undefined>>,
  {
    numLogical = numUsableProcessors(),
    numCores = readProcessor().numCores,
    quota,
  }: {
    readonly numLogical?: number;
    readonly numCores?: number | null;
    readonly quota?: Pick<ProcessorQuota, 'processors'> | null;
  } = {},
): number {
  return (
    statedNumThreads(variables) ?? numComputeThreads(Math.min(numLogical, numCores ?? numLogical), quota)
  );
}

type NativeOrt = typeof Native;

/** The package, or why there is none, as the end of a sentence and the way on. */
async function findNative(): Promise<{ readonly ort: NativeOrt } | { readonly problem: string }> {
  try {
    const module = (await import('onnxruntime-node')) as NativeOrt & { readonly default?: NativeOrt };
    return { ort: module.default ?? module };
  } catch (error) {
    const isMissing = /Cannot find (package|module) 'onnxruntime-node'/.test(messageOf(error));
    return {
      problem: isMissing
        ? `onnxruntime-node, which computes several times as fast, is not installed (${INSTALL}).`
        : `onnxruntime-node is installed and does not load: ${messageOf(error).split('\n')[0]}.`,
    };
  }
}

function nativeEngine(ort: NativeOrt, numThreads: number, reason: string): Engine {
  const version = ort.env.versions.node ?? ort.env.versions.common;
  const info: EngineInfo = { name: 'onnxruntime-node', version, device: 'cpu', numThreads, reason };
  const options = { executionProviders: ['cpu'], intraOpNumThreads: numThreads, interOpNumThreads: 1 };
  return {
    info,
    readsPaths: true,
    createSession: async (file) => await ortSession(ort as unknown as OrtModule, file, options),
  };
}

/** What WebAssembly was started with in this process; it cannot be changed afterwards. */
let started: { readonly ort: OrtModule; readonly version: string; readonly numThreads: number } | undefined;
/** The module has one stack. */
const webTurns = inTurn();

async function webEngine(numThreads: number, reason: string): Promise<Engine> {
  if (started === undefined) {
    const ort = await import('onnxruntime-web');
    ort.env.logLevel = 'error';
    ort.env.wasm.numThreads = numThreads;
    started = { ort, version: ort.env.versions.web ?? ort.env.versions.common, numThreads };
  }
  const { ort, version, numThreads: actual } = started;
  const full =
    actual === numThreads ? reason : `${reason} This process has started it with ${actual} threads already.`;
  const info: EngineInfo = {
    name: 'onnxruntime-web',
    version,
    device: 'wasm',
    numThreads: actual,
    reason: full,
  };
  return {
    info,
    readsPaths: false,
    createSession: async (file) => await ortSession(ort, file, { executionProviders: ['wasm'] }, webTurns),
  };
}
