/** @file Starting the system's programs. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { SetupError } from './errors.mjs';

/** True when the shell would find the program. */
export function hasProgram(name) {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.resolve(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program with its messages on stderr, where they are in nobody's way.
 *
 * @returns {boolean} whether it ended with 0
 * @throws {SetupError} when it cannot be run
 */
export function runProgram(program, words, options = {}) {
  const { status, error } = spawnSync(program, words, { stdio: ['inherit', 2, 2], ...options });
  if (error !== undefined) throw new SetupError(`'${program}' cannot be run: ${error.message}.`);
  return status === 0;
}

/** What a program prints; undefined when it fails or is not there. */
export function outputOf(program, words) {
  const { status, stdout } = spawnSync(program, words, { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

export function isRoot() {
  return process.getuid?.() === 0;
}

/** Runs a program as root, through sudo when this user is not. */
export function runAsRoot(words) {
  const [program, ...rest] = isRoot() ? words : ['sudo', ...words];
  return runProgram(program, rest);
}
