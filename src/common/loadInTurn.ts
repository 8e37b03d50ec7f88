/**
 * @file Loading a program's files one after the other. `import` opens all files of its graph at once, some 200, which fails where a
 * process may have few open; `require` of the same modules opens one at a time, and is faster.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LxmertError, messageOf } from './errors.js';

const require = createRequire(import.meta.url);
/** The one version whose `require` of modules prints a warning. */
const warns = process.versions.node.startsWith('22.12.');

/**
 * What is imported later is then there already, and what cannot be loaded fails there again, where it is told in words.
 *
 * @param module one that awaits nothing at its top; where there is no such file, nothing is loaded
 * @throws LxmertError when a package is missing: to fail again would be told in words of Node's own
 */
export function loadInTurn(module: URL): void {
  if (warns || !existsSync(module)) return;
  try {
    require(fileURLToPath(module));
  } catch (error) {
    const [, missing] = /^Cannot find package '([^']+)'/.exec(messageOf(error)) ?? [];
    if (missing === undefined) return;
    throw new LxmertError(
      `The package '${missing}' is missing where lxmert is installed. Install lxmert again; in a clone, npm ci does.`,
      { cause: error },
    );
  }
}

/** @param program a module that awaits nothing at its top */
export function startThread(program: URL, workerData: unknown): Worker {
  if (warns || program.protocol !== 'file:') return new Worker(program, { workerData });
  return new Worker(`require(${JSON.stringify(fileURLToPath(program))})`, { eval: true, workerData });
}
