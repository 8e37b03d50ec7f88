/** @file Python with what reads ONNX files: `.ci/run` makes build/python; elsewhere the system's, where it has the modules. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const MODULES = ['numpy', 'onnx', 'onnxruntime', 'openvino', 'tokenizers'];
const FIND = `import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in ${JSON.stringify(MODULES)}))`;

let found: string | null | undefined;

/** The interpreter, or undefined where none has all modules. */
export function findPython(): string | undefined {
  if (found === undefined) {
    const own = path.resolve('build/python/bin/python');
    const candidates = [...(existsSync(own) ? [own] : []), 'python3'];
    found = candidates.find((each) => spawnSync(each, ['-c', FIND]).status === 0) ?? null;
  }
  return found ?? undefined;
}

/** Runs a script to its end. @returns what it printed @throws Error with what it said when it fails */
export function runPython(script: string, args: readonly string[], input = ''): string {
  const python = findPython();
  if (python === undefined) throw new Error(`No Python with ${MODULES.join(', ')}.`);
  const { status, stdout, stderr } = spawnSync(python, [script, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
  return stdout;
}
