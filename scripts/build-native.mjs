/**
 * @file Builds the bridge (native/) against the libtorch that find-libtorch.mjs finds. Ninja rebuilds what changed;
 * another libtorch than last time means a build from nothing. `--output FOLDER` builds beside the usual place,
 * for instance against a second libtorch (run with LXMERT_NATIVE=FOLDER/lxmert_native.node).
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findLibtorch, LibtorchError } from './find-libtorch.mjs';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** What one compilation of libtorch's headers takes at most. */
const bytesPerCompilation = 1.75e9;

class BuildError extends Error {}

const usage = `Usage: node scripts/build-native.mjs [--output FOLDER]

Builds the bridge (native/) against the libtorch in use; only what changed is compiled.

  --output FOLDER  where to build (default: build/native); elsewhere, name the result in LXMERT_NATIVE
  --help           print this help`;

/** The words of the command line; wrong ones end the program with code 2. */
function parseWords() {
  try {
    const help = { type: 'boolean', short: 'h' };
    return parseArgs({ options: { output: { type: 'string' }, help } }).values;
  } catch (error) {
    console.error(`build-native: ${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

function build(values) {
  const output = path.resolve(values.output ?? path.join(project, 'build/native'));
  const libtorch = findLibtorch();
  if (libtorch === null) {
    throw new BuildError(
      'No libtorch was found. Run ./setup, or set LIBTORCH to the folder of an installation.',
    );
  }
  for (const header of ['node-addon-api/napi.h', 'node-api-headers/include/node_api.h']) {
    if (!existsSync(path.join(project, 'node_modules', header))) {
      throw new BuildError(`node_modules/${header} is missing. Run 'npm ci' (./setup does it).`);
    }
  }
  const recordFile = path.join(output, 'libtorch.json');
  const settings = {
    root: libtorch.root,
    version: libtorch.version,
    libdir: libtorch.libdir,
    kind: libtorch.kind,
    cuda: libtorch.cuda,
    library: libtorch.library,
  };
  const configuration = {
    CMAKE_BUILD_TYPE: 'Release',
    LXMERT_TORCH_INCLUDES: libtorch.includes.join(';'),
    LXMERT_CUDA_INCLUDES: libtorch.cudaIncludes.join(';'),
    LXMERT_TORCH_LIBDIR: libtorch.libdir,
    LXMERT_CXX_STANDARD: String(libtorch.cxxStandard),
    LXMERT_CXX11_ABI: String(libtorch.cxx11Abi),
    LXMERT_WITH_CUDA: libtorch.cuda ? '1' : '0',
  };
  // The stamp also holds what tells a library replaced in place: that one must be compiled against anew.
  const { version, library } = libtorch;
  const stamp = `${JSON.stringify({ ...configuration, version, library, project })}\n`;
  const stampFile = path.join(output, 'configuration.json');
  const isCurrent = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!isCurrent || !existsSync(path.join(output, 'build.ninja'))) {
    rmSync(output, { recursive: true, force: true });
    mkdirSync(output, { recursive: true });
    const flags = Object.entries(configuration).map(([name, value]) => `-D${name}=${value}`);
    run('cmake', ['-S', path.join(project, 'native'), '-B', output, '-G', 'Ninja', ...flags]);
    writeFileSync(stampFile, stamp);
  }
  const byMemory = Math.floor(os.totalmem() / bytesPerCompilation);
  const jobs = Math.max(1, Math.min(os.availableParallelism(), byMemory));
  run('cmake', ['--build', output, '--parallel', String(jobs)]);
  const record = `${JSON.stringify(settings, null, 2)}\n`;
  if (!existsSync(recordFile) || readFileSync(recordFile, 'utf8') !== record)
    writeFileSync(recordFile, record);
  const where = path.relative(project, output);
  console.log(`Bridge: ${where}/lxmert_native.node for libtorch ${libtorch.version} in ${libtorch.libdir}.`);
}

function run(program, words) {
  const { status, error } = spawnSync(program, words, { stdio: 'inherit' });
  if (error !== undefined) {
    throw new BuildError(
      `'${program}' cannot be run (${error.message}). ./setup installs what the build needs.`,
    );
  }
  if (status !== 0) throw new BuildError(`The bridge did not build: '${program} ${words.join(' ')}' failed.`);
}

const words = parseWords();
try {
  if (words.help) console.log(usage);
  else build(words);
} catch (error) {
  if (!(error instanceof BuildError) && !(error instanceof LibtorchError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
