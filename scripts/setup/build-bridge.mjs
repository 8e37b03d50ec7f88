/**
 * @file Builds the bridge (native/) against a libtorch. In a clone Ninja rebuilds what changed, and another libtorch
 * than last time means a build from nothing; for an installed package only what is loaded is kept.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { hasProgram, runProgram } from './programs.mjs';

/** The folder of package.json and native/. */
const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const addon = 'lxmert_native.node';
const stampName = 'configuration.json';
const recordName = 'libtorch.json';
/** What one compilation of libtorch's headers takes at most. */
const bytesPerCompilation = 1.75e9;

/** True when `folder` holds a bridge for this libtorch; of a bridge in a clone, sources may have changed since. */
export function isBridgeBuilt(libtorch, { folder, isCached }) {
  if (![addon, recordName].every((name) => existsSync(path.join(folder, name)))) return false;
  return readIfThere(path.join(folder, stampName)) === stampOf(libtorch, isCached);
}

/**
 * `libtorch 1.13.1 in /usr`: what the bridge in a folder was built for, where that is another libtorch than this one, or has
 * been replaced since.
 *
 * @returns {string | undefined}
 */
export function bridgeOfOther({ version, root, library }, { folder }) {
  const record = readIfThere(path.join(folder, recordName));
  if (record === '') return undefined;
  const built = JSON.parse(record);
  const isSame =
    built.version === version &&
    built.root === root &&
    JSON.stringify(built.library) === JSON.stringify(library);
  if (isSame) return undefined;
  const how = built.version === version && built.root === root ? ' as it was before it was replaced' : '';
  return `libtorch ${built.version} in ${built.root}${how}`;
}

/**
 * Builds the bridge into a folder.
 *
 * @param {import('./find-libtorch.mjs').Libtorch} libtorch
 * @param {{ folder: string, isCached: boolean }} place A cached bridge is built elsewhere and comes into its folder whole.
 * @throws {SetupError} when it does not build
 */
export function buildBridge(libtorch, { folder, isCached }) {
  if (!isCached) {
    compile(libtorch, folder, isCached);
    return;
  }
  const work = mkdtempSync(path.join(os.tmpdir(), 'lxmert-bridge-'));
  const coming = `${folder}.${process.pid}`;
  try {
    compile(libtorch, work, isCached);
    mkdirSync(coming, { recursive: true });
    for (const name of [addon, stampName, recordName])
      copyFileSync(path.join(work, name), path.join(coming, name));
    rmSync(folder, { recursive: true, force: true });
    renameSync(coming, folder);
  } finally {
    for (const each of [work, coming]) rmSync(each, { recursive: true, force: true });
  }
}

function compile(libtorch, output, isCached) {
  const stampFile = path.join(output, stampName);
  const stamp = stampOf(libtorch, isCached);
  if (readIfThere(stampFile) !== stamp || !existsSync(path.join(output, 'build.ninja'))) {
    rmSync(output, { recursive: true, force: true });
    mkdirSync(output, { recursive: true });
    const settings = { ...configurationFor(libtorch), LXMERT_NODE_API_INCLUDES: nodeApiIncludes().join(';') };
    const flags = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
    build('cmake', ['-S', path.join(project, 'native'), '-B', output, '-G', 'Ninja', ...flags]);
    writeFileSync(stampFile, stamp);
  }
  const byMemory = Math.floor(os.totalmem() / bytesPerCompilation);
  const jobs = Math.max(1, Math.min(os.availableParallelism(), byMemory));
  build('cmake', ['--build', output, '--parallel', String(jobs)]);
  const { root, version, libdir, kind, cuda, library } = libtorch;
  const record = `${JSON.stringify({ root, version, libdir, kind, cuda, library }, null, 2)}\n`;
  const recordFile = path.join(output, recordName);
  if (readIfThere(recordFile) !== record) writeFileSync(recordFile, record);
}

function configurationFor(libtorch) {
  return {
    CMAKE_BUILD_TYPE: 'Release',
    LXMERT_TORCH_INCLUDES: libtorch.includes.join(';'),
    LXMERT_CUDA_INCLUDES: libtorch.cudaIncludes.join(';'),
    LXMERT_TORCH_LIBDIR: libtorch.libdir,
    LXMERT_CXX_STANDARD: String(libtorch.cxxStandard),
    LXMERT_CXX11_ABI: String(libtorch.cxx11Abi),
    LXMERT_WITH_CUDA: libtorch.cuda ? '1' : '0',
  };
}

/**
 * What a build was made with. It also holds what tells a library replaced in place, which must be compiled against
 * anew, and where the sources lie, to which CMake's files lead; a cached bridge has no such files.
 */
function stampOf(libtorch, isCached) {
  const { version, library } = libtorch;
  const from = isCached ? {} : { project };
  return `${JSON.stringify({ ...configurationFor(libtorch), version, library, ...from })}\n`;
}

/** The folders of Node-API's headers, wherever npm put those packages. */
function nodeApiIncludes() {
  const require = createRequire(import.meta.url);
  return [
    ['node-api-headers', 'include', 'node_api.h'],
    ['node-addon-api', '.', 'napi.h'],
  ].map(([name, below, header]) => {
    try {
      const folder = path.join(path.dirname(require.resolve(`${name}/package.json`)), below);
      if (existsSync(path.join(folder, header))) return folder;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
    throw new SetupError(
      `The package ${name} is missing. Run 'npm ci' in a clone (./setup does it), else 'npm install'.`,
    );
  });
}

function build(program, words) {
  if (!hasProgram(program))
    throw new SetupError(`'${program}' was not found. The setup installs what the build needs.`);
  if (!runProgram(program, words))
    throw new SetupError(`The bridge did not build: '${program} ${words.join(' ')}' failed.`);
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
