/** @file The system's packages that libtorch and the bridge need: which are missing, and their installation with apt. */

import { existsSync, readdirSync } from 'node:fs';
import { SetupError } from './errors.mjs';
import { hasProgram, isRoot, outputOf, runAsRoot } from './programs.mjs';

/** Names of Debian packages that are missing for a libtorch (null: for having one at all) and for building the bridge. */
export function missingPackages(libtorch) {
  const missing = [];
  if (!['g++', 'clang++', process.env.CXX ?? 'c++'].some(hasProgram)) missing.push('g++');
  if (!hasProgram('cmake')) missing.push('cmake');
  if (!hasProgram('ninja') && !hasProgram('ninja-build')) missing.push('ninja-build');
  const blas = 'libopenblas0-openmp';
  if (libtorch === null) {
    missing.push('libtorch-dev', 'libgloo-dev');
    if (!isInstalled(blas)) missing.push(blas);
  } else if (libtorch.kind === 'system' && hasProgram('dpkg-query')) {
    if (!isInstalled(blas)) missing.push(blas);
    if (isInstalled('libtorch-dev') && !isInstalled('libgloo-dev')) missing.push('libgloo-dev');
  }
  return missing;
}

function isInstalled(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in.
  return outputOf('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]) === 'installed';
}

/**
 * Installs packages with apt, as root or through sudo; says what before it does.
 *
 * @param {readonly string[]} packages
 * @param {{ say(line: string): void, command: string }} surroundings `command` is what to run again afterwards.
 * @throws {SetupError} when apt is not there, does not know a package, or fails
 */
export function installPackages(packages, { say, command }) {
  const names = packages.join(' ');
  if (!hasProgram('apt-get')) throw new SetupError(waysOut(names, command));
  if (!isRoot() && !hasProgram('sudo')) {
    throw new SetupError(
      `Missing: ${names}. You are not root and there is no sudo; have them installed with ` +
        `'apt-get install --no-install-recommends ${names}', then run ${command} again.`,
    );
  }
  say(`Installing with apt: ${names}`);
  if (!hasPackageLists()) {
    say('The package lists are missing: apt-get update first.');
    updateLists();
  }
  for (const name of packages) {
    if ((outputOf('apt-cache', ['madison', name]) ?? '') === '')
      throw new SetupError(waysOut(`${name} (this system's apt does not know it)`, command));
  }
  if (aptInstall(packages)) return;
  say('apt failed; trying once more with fresh package lists.');
  updateLists();
  if (!aptInstall(packages)) throw new SetupError(`apt could not install ${names}; its messages are above.`);
}

function hasPackageLists() {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}

function updateLists() {
  if (!runAsRoot(['apt-get', 'update', '-qq'])) {
    throw new SetupError("'apt-get update' failed; its messages are above.");
  }
}

function aptInstall(packages) {
  const words = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0'];
  return runAsRoot(['env', 'DEBIAN_FRONTEND=noninteractive', ...words, ...packages]);
}

function waysOut(names, command) {
  return `Missing on this machine: ${names}.
  They cannot be installed with apt here. Ways out:
  - compilers: install a C++17 compiler, CMake 3.18 or newer and Ninja with your system's package manager;
  - libtorch: set LIBTORCH to the folder of an unpacked libtorch archive (https://pytorch.org, "LibTorch"),
    or install Python's torch so that 'python3 -c "import torch"' works;
  then run ${command} again.`;
}
