/** @file Peers in Python: what it has, the model exported once for all, and the process that measures them. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LxmertError } from '../../common/errors.js';
import { excerpt } from '../../common/excerpt.js';
import { MeasuredProcess } from './measuredProcess.js';

const SCRIPT = fileURLToPath(new URL('peers.py', import.meta.url));

/** By the package's name. */
export type PackageVersions = Readonly<Record<string, string>>;

/** @throws LxmertError when there is no such Python, or packages are missing */
export function pythonVersions(python: string): PackageVersions {
  const { status, error, stdout, stderr } = spawnSync(python, [SCRIPT, 'versions'], { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const reason = error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
    throw new LxmertError(
      `The peers run in Python, and '${python}' does not start: ${reason}. Name an interpreter with --python.`,
    );
  }
  const found = JSON.parse(stdout) as Record<string, string | null>;
  const missing = Object.keys(found).filter((name) => found[name] === null);
  if (missing.length > 0) {
    throw new LxmertError(
      `The peers need ${missing.join(', ')} in '${python}': '${python} -m pip install ${missing.join(' ')}' installs what is ` +
        'missing, best into an environment of its own (python3 -m venv), which --python names.',
    );
  }
  return found as PackageVersions;
}

/**
 * Makes the peers' model in a folder where it is not: Hugging Face's with random weights, its ONNX export and what ONNX Runtime
 * makes of that in 8 bits.
 *
 * @throws LxmertError when that fails, and for a folder with other files
 */
export async function exportPeers(
  python: string,
  folder: string,
  {
    signal,
    onStart,
  }: {
    readonly signal?: AbortSignal | undefined;
    readonly onStart?: ((what: string) => void) | undefined;
  } = {},
): Promise<void> {
  if (existsSync(path.join(folder, 'torch_int8.onnx'))) return;
  requireUnused(folder);
  onStart?.(`nothing yet: the peers' model is exported into ${folder}, once (4 GB, some minutes)`);
  mkdirSync(path.dirname(folder), { recursive: true });
  // A link stays one.
  const place = existsSync(folder) ? realpathSync(folder) : folder;
  // Beside it: what an interrupted export leaves is in nobody's way.
  const coming = mkdtempSync(`${place}.`);
  try {
    await runExport(python, coming, signal);
    renameSync(coming, place);
  } finally {
    rmSync(coming, { recursive: true, force: true });
  }
}

/** @throws LxmertError for a folder with files of somebody's, which is left as it is */
function requireUnused(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length === 0) return;
  throw new LxmertError(
    `The peers' model needs a folder that is empty or not there yet, and '${folder}' has other files, such as ` +
      `'${excerpt(names[0] as string)}'. Name another folder, or move them away.`,
  );
}

function runExport(python: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [SCRIPT, 'export', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(signal !== undefined && { signal }),
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said = `${said}${data}`.slice(-1000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new LxmertError(
            `The peers' model could not be exported by '${python}': ${said.trim().split('\n').at(-1)}`,
          ),
        );
    });
  });
}

/**
 * Starts a process with the peers, whose names are those of peers.py, such as `onnxruntime: float32`.
 *
 * @param prefix words before the command
 */
export async function startPythonPeers(
  python: string,
  folder: string,
  numThreads: number,
  prefix: readonly string[] = [],
): Promise<{ readonly process: MeasuredProcess; readonly hello: PackageVersions }> {
  const command = [...prefix, python, SCRIPT, 'serve', folder, String(numThreads)];
  return await MeasuredProcess.start<PackageVersions>(
    'the peers in Python',
    command as [string, ...string[]],
  );
}
