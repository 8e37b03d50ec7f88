/** @file The one door to the addon: loads it, and explains a failure to load. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import { setupCommand } from '../common/installation.js';
import { bridgeFolder } from './bridgeFolder.js';
import type { NativeBinding } from './nativeBinding.js';

/** What the build (scripts/setup/build-bridge.mjs) wrote beside the addon: which libtorch it was built against. */
export interface BuildRecord {
  readonly root: string;
  readonly version: string;
  readonly libdir: string;
  readonly kind: 'env' | 'python' | 'system';
  readonly cuda: boolean;
  /** Tells a libtorch_cpu that was replaced since from the one the addon was built against. */
  readonly library: { readonly size: number; readonly modified: string };
}

const ADDON = 'lxmert_native.node';

/** Where the addon is, or would be. `LXMERT_NATIVE` names another build, its file or its folder, for instance one against libtorch 2. */
export function addonPath(): string {
  const named = process.env.LXMERT_NATIVE;
  if (named === undefined) return path.join(bridgeFolder(), ADDON);
  return statSync(named, { throwIfNoEntry: false })?.isDirectory() === true ? path.join(named, ADDON) : named;
}

/** The record of the addon's build; undefined when it was built by hand. */
export function buildRecord(): BuildRecord | undefined {
  const file = path.join(path.dirname(addonPath()), 'libtorch.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as BuildRecord;
}

/** Says what was looked for, what was found, and the command that mends it. */
function explainLoadFailure(file: string, error: unknown): string {
  const found = messageOf(error).split('\n')[0] ?? '';
  const record = existsSync(path.join(path.dirname(file), 'libtorch.json')) ? buildRecord() : undefined;
  const builtFor =
    record === undefined ? '' : ` It was built against libtorch ${record.version} in ${record.libdir}.`;
  const setup = setupCommand();
  if (!existsSync(file)) {
    return `The bridge to libtorch, which this needs, is not built (there is no ${file}): run '${setup}', which finds or installs libtorch and builds it.`;
  }
  if (/cannot open shared object file/.test(found)) {
    const library = /^(?:Error: )?([^:]+): cannot open/.exec(found)?.[1] ?? 'a library';
    return `The bridge to libtorch cannot load: ${library} was not found.${builtFor} If libtorch was moved or removed, run '${setup}' again (set LIBTORCH to name an installation).`;
  }
  if (/undefined symbol|symbol lookup error/.test(found)) {
    return `The bridge to libtorch does not fit the library that was found: ${found}.${builtFor} Run '${setup}' to build it anew against the libtorch of this machine.`;
  }
  if (/GLIBC|GLIBCXX/.test(found)) {
    return `The bridge to libtorch was built for a newer C++ library than this machine has: ${found}. Run '${setup}' on this machine.`;
  }
  return `The bridge to libtorch in ${file} did not load: ${found}.${builtFor} Run '${setup}' to build it anew.`;
}

/**
 * How many times an OpenMP thread that waits for the others looks again before it sleeps; read when libtorch is
 * loaded. OpenMP's own choice spins so long that a training step beside any other busy process took seconds instead
 * of tenths of one; sleeping at once costs a tenth of the speed on a quiet machine (docs/benchmarks.md).
 */
const SPIN_COUNT = '20000';

function settleWaiting(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= SPIN_COUNT;
}

/** What `LXMERT_KERNELS` may name: instruction sets that the bridge has kernels for, and plain C++. */
const KERNEL_SETS = ['baseline', 'avx2', 'avxvnni', 'avx512', 'avx512vnni', 'avx512bf16'];

/** For any other word the bridge would take plain C++: right numbers, many times slower, and not a word about it. */
function requireKnownKernels(): void {
  const named = process.env.LXMERT_KERNELS;
  if (named === undefined || KERNEL_SETS.includes(named)) return;
  throw new UsageError(
    `The environment variable LXMERT_KERNELS should name one of ${KERNEL_SETS.join(', ')}, or not be set; found ${JSON.stringify(named)}.`,
  );
}

let binding: NativeBinding | undefined;
const waiting: ((loaded: NativeBinding) => void)[] = [];

/** Whether anything has used libtorch so far. */
export function isLoaded(): boolean {
  return binding !== undefined;
}

/** Has something done as soon as the addon is loaded; now, where it is. */
export function whenLoaded(work: (loaded: NativeBinding) => void): void {
  if (binding === undefined) waiting.push(work);
  else work(binding);
}

/**
 * The addon, loaded at first use so that `--help` and everything without tensors works without libtorch.
 *
 * @throws LxmertError that says what was looked for, what was found and what mends it; UsageError for kernels that nobody knows.
 */
export function native(): NativeBinding {
  if (binding === undefined) {
    const file = addonPath();
    requireKnownKernels();
    settleWaiting();
    let loaded: NativeBinding;
    try {
      loaded = createRequire(import.meta.url)(file) as NativeBinding;
    } catch (error) {
      throw new LxmertError(explainLoadFailure(file, error), { cause: error });
    }
    binding = loaded;
    for (const work of waiting.splice(0)) work(loaded);
  }
  return binding;
}
