/**
 * @file Finds libtorch by one rule, for the setup and the native build: what LIBTORCH names, else an
 * importable Python `torch`, else the system's package. Run by itself it prints what it found as JSON and ends
 * with 3 when there is none.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';

/**
 * @typedef {object} Libtorch
 * @property {'env' | 'python' | 'system'} kind How it was found.
 * @property {string} root The installation's folder.
 * @property {string[]} includes Folders with its headers.
 * @property {string} libdir Folder with its shared libraries.
 * @property {string} version As in "1.13.1" or "2.6.0+cpu".
 * @property {{ size: number, modified: string }} library Tells a replaced libtorch_cpu from the one that was found.
 * @property {boolean} cuda Whether its CUDA libraries are there.
 * @property {17 | 20} cxxStandard The C++ standard that its headers ask for.
 * @property {0 | 1} cxx11Abi The _GLIBCXX_USE_CXX11_ABI that it was compiled with.
 */

/** Says what is wrong with an installation that was named or found, in whole sentences. */
class LibtorchError extends SetupError {}

/**
 * Finds libtorch.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 * @param {readonly string[]} [systemRoots] Where the system's packages put headers and libraries.
 * @returns {Libtorch | null} null when there is none on this machine.
 * @throws {LibtorchError} when LIBTORCH names something that is no whole libtorch.
 */
export function findLibtorch(environment = process.env, systemRoots = ['/usr/local', '/usr']) {
  const named = environment.LIBTORCH;
  if (named !== undefined && named !== '') return namedLibtorch(named, environment);
  const python = pythonTorchFolder(environment);
  if (python !== null && missingParts(python, path.join(python, 'lib')).length === 0) {
    return describe('python', python, path.join(python, 'lib'));
  }
  for (const root of systemRoots) {
    for (const libdir of systemLibraryFolders(root)) {
      if (missingParts(root, libdir).length === 0) return describe('system', root, libdir);
    }
  }
  return null;
}

function namedLibtorch(named, environment) {
  const root = path.resolve(named);
  if (!existsSync(root)) throw new LibtorchError(`LIBTORCH names '${named}', which does not exist.`);
  // A site-packages folder or a virtual environment's parent is an easy slip; its `torch` is what was meant.
  const candidates = [root, path.join(root, 'torch'), path.join(root, 'libtorch')];
  for (const candidate of candidates) {
    for (const libdir of [path.join(candidate, 'lib'), ...systemLibraryFolders(candidate)]) {
      if (missingParts(candidate, libdir).length === 0)
        return describe('env', candidate, libdir, environment);
    }
  }
  throw new LibtorchError(
    `LIBTORCH names '${named}', which is no whole libtorch: ${missingParts(root, path.join(root, 'lib')).join(', ')} ` +
      `is missing there. It must be the folder of an unpacked libtorch archive or of a Python torch package, ` +
      `with include/ and lib/ in it.`,
  );
}

/** The folder of the Python package `torch`, found without importing it (which takes seconds). */
function pythonTorchFolder(environment) {
  const script =
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s and s.submodule_search_locations else "")';
  const result = spawnSync('python3', ['-c', script], {
    env: environment,
    encoding: 'utf8',
    timeout: 20_000,
  });
  const folder = result.status === 0 ? result.stdout.trim() : '';
  return folder === '' ? null : folder;
}

/** The name of this processor's folder in Debian's library folders; undefined where Debian has none. */
export const debianTriplet = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
}[process.arch];

function systemLibraryFolders(root) {
  const names = debianTriplet === undefined ? [] : [path.join('lib', debianTriplet)];
  return [...names, 'lib64', 'lib'].map((name) => path.join(root, name));
}

function headerFolders(root) {
  return [path.join(root, 'include'), path.join(root, 'include/torch/csrc/api/include')];
}

/** Headers of CUDA and NCCL: of a toolkit, and those that come as Python packages beside torch. */
function cudaHeaderFolders(root) {
  const packages = path.join(root, '../nvidia');
  const names = existsSync(packages) ? readdirSync(packages).sort() : [];
  return [...names.map((name) => path.join(packages, name, 'include')), '/usr/local/cuda/include'].filter(
    (folder) => existsSync(folder),
  );
}

const librarySuffix = process.platform === 'darwin' ? 'dylib' : 'so';

/** What of a whole installation is not there, as paths below its root. */
function missingParts(root, libdir) {
  const wanted = [
    path.join(root, 'include/torch/csrc/api/include/torch/torch.h'),
    path.join(root, 'include/ATen/ATen.h'),
    ...['libtorch', 'libtorch_cpu', 'libc10'].map((name) => path.join(libdir, `${name}.${librarySuffix}`)),
  ];
  return wanted.filter((file) => !existsSync(file)).map((file) => path.relative(root, file));
}

function describe(kind, root, libdir) {
  const real = realpathSync(root);
  const library = statSync(path.join(libdir, `libtorch_cpu.${librarySuffix}`));
  const has = (name) => existsSync(path.join(libdir, `${name}.${librarySuffix}`));
  return {
    kind,
    root: real,
    // A system's include folder is searched anyway, and naming it again would change the order of the headers.
    includes: headerFolders(real).filter((folder) => folder !== '/usr/include'),
    libdir: realpathSync(libdir),
    version: versionOf(real, libdir),
    library: { size: library.size, modified: library.mtime.toISOString() },
    cuda: has('libtorch_cuda') && has('libc10_cuda'),
    cudaIncludes: cudaHeaderFolders(real),
    cxxStandard: standardOf(real),
    cxx11Abi: abiOf(libdir),
  };
}

function versionOf(root, libdir) {
  const python = readIfThere(path.join(root, 'version.py'));
  const fromPython = /^__version__ = ['"]([^'"]+)['"]/m.exec(python)?.[1];
  if (fromPython !== undefined) return fromPython;
  const archive = readIfThere(path.join(root, 'build-version')).trim();
  if (archive !== '') return archive;
  // Debian's headers of 1.13.1 say 1.13.0; its package does not.
  const packaged = root === '/usr' ? packagedVersion() : undefined;
  if (packaged !== undefined) return packaged;
  const parts = ['MAJOR', 'MINOR', 'PATCH'].map((part) => {
    const pattern = new RegExp(`define TORCH_VERSION_${part} (\\d+)`);
    return headerVersionFiles(root)
      .map((file) => pattern.exec(readIfThere(file))?.[1])
      .find((found) => found !== undefined);
  });
  if (parts.every((part) => part !== undefined)) return parts.join('.');
  throw new LibtorchError(`The libtorch in ${root} (libraries in ${libdir}) does not tell its version.`);
}

/** Newer headers refuse a compiler below C++20 (2.15 does); the oldest that are supported do not compile as it. */
function standardOf(root) {
  return /__cplusplus < 202002L/.test(readIfThere(path.join(root, 'include/ATen/ATen.h'))) ? 20 : 17;
}

function packagedVersion() {
  const words = ['--status', 'libtorch-dev'];
  const { status, stdout } = spawnSync('dpkg-query', words, {
    encoding: 'utf8',
  });
  return status === 0 ? /^Version: (?:\d+:)?([\d.]+)/m.exec(stdout)?.[1] : undefined;
}

function headerVersionFiles(root) {
  return ['torch/csrc/api/include/torch/version.h', 'torch/headeronly/version.h'].map((file) =>
    path.join(root, 'include', file),
  );
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * Which of GCC's two std::string layouts the library was compiled with, read from the mangled name of
 * c10::Error's constructor: `Ss` is the old string, `__cxx11` the new one.
 */
function abiOf(libdir) {
  const library = readFileSync(path.join(libdir, `libc10.${librarySuffix}`));
  return library.includes('c105ErrorC2ENS_14SourceLocationESs') ? 0 : 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const found = findLibtorch();
    process.stdout.write(`${JSON.stringify(found)}\n`);
    process.exitCode = found === null ? 3 : 0;
  } catch (error) {
    if (!(error instanceof LibtorchError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
