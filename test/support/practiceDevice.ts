/** @file The practice device (test/native): behaves like a GPU, computes on the processor, and counts what it did. */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonPath, native } from '../../src/torch/native.js';

interface PracticeDevice {
  numSynchronizations(): number;
  numFallbacks(name?: string): number;
  resetCounts(): void;
}

const buildScript = fileURLToPath(new URL('../native/build.mjs', import.meta.url));
let library: PracticeDevice | undefined;
let libraryFile = '';

function loaded(): PracticeDevice {
  if (library === undefined) {
    // The bridge first: it brings the libtorch that the device registers itself in.
    native();
    const words = [buildScript, '--native', path.dirname(addonPath())];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`The practice device could not be built:\n${stdout}${stderr}`);
    libraryFile = stdout.trimEnd().split('\n').at(-1)!;
    library = createRequire(import.meta.url)(libraryFile) as PracticeDevice;
  }
  return library;
}

/**
 * The device's name; registers the device at the first call, and builds its library where it is not built or not current.
 * Call it before the process' first backward pass: libtorch's autograd counts the devices there, once.
 */
export function practiceDevice(): 'privateuseone:0' {
  loaded();
  return 'privateuseone:0';
}

/** Its library, for processes that load it by themselves after the bridge. */
export function practiceLibrary(): string {
  loaded();
  return libraryFile;
}

/** What a GPU would have made the processor wait for, since the counts were last reset. */
export function synchronizations(): number {
  return loaded().numSynchronizations();
}

/** Calls of an operator's kernel: of `aten::add.Tensor`, of all overloads of `aten::add`, or of every operator. */
export function kernelCalls(name?: string): number {
  return loaded().numFallbacks(name);
}

export function resetCounts(): void {
  loaded().resetCounts();
}
