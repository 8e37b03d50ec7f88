/**
 * @file Runs the tests on the libtorch of Python's current torch: makes a virtual environment, installs torch in it,
 * builds the bridge against it into build/libtorch2, runs vitest with that bridge, and removes what it made.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bridge = path.join(project, 'build/libtorch2');

/** Measured with torch 2.15.0 and its CUDA packages on x86-64: the sum of pip's downloads, and what they unpack to. */
const downloadGigabytes = 3.0;
const installedGigabytes = 5.6;
/** How long what was interrupted may take to end by itself. */
const patienceMilliseconds = 10_000;

const usage = `Usage: npm run test:libtorch2 -- [options] [words for vitest]

Runs the tests on the libtorch of Python's torch. Makes a virtual environment in the folder for temporary files,
installs torch there (about ${downloadGigabytes} GB to download, ${installedGigabytes} GB installed), builds the bridge against it into
build/libtorch2, runs vitest and removes both. Ends with vitest's exit code.

  --venv DIR          use the environment in DIR, made if it is not there, and keep it
  --torch-version X   install this version of torch (default: the current one)
  --keep              keep the new environment, and say where it is
  --dry-run           only print what would be run
  --help              print this help

All other words go to vitest: npm run test:libtorch2 -- test/torch`;

/** A failure that a person can act on. */
class Failure extends Error {}
class UsageError extends Error {}

/** This program's options, and the words that are vitest's; after '--' all are. */
function parseWords(words) {
  const options = {
    venv: undefined,
    torchVersion: undefined,
    keep: false,
    dryRun: false,
    help: false,
    rest: [],
  };
  const flags = { '--keep': 'keep', '--dry-run': 'dryRun', '--help': 'help', '-h': 'help' };
  const values = { '--venv': 'venv', '--torch-version': 'torchVersion' };
  for (let i = 0; i < words.length; i++) {
    const [, name, inline] = /^(--[^=]+)=(.*)$/s.exec(words[i]) ?? [undefined, words[i]];
    if (name === '--') {
      options.rest.push(...words.slice(i + 1));
      break;
    }
    if (name in values) {
      const value = inline ?? words[++i];
      if (value === undefined || value === '' || value.startsWith('-'))
        throw new UsageError(`${name} needs a value.`);
      options[values[name]] = value;
    } else if (name in flags && inline === undefined) options[flags[name]] = true;
    else options.rest.push(words[i]);
  }
  if (options.torchVersion !== undefined && !/^\d+(\.\w+)*(\+\w+)?$/.test(options.torchVersion)) {
    throw new UsageError(`--torch-version takes a version as in 2.15.0, not '${options.torchVersion}'.`);
  }
  return options;
}

/** The program that runs, and the first signal that asked this one to end. */
let running;
let interruption;

function interrupt(signal) {
  if (interruption !== undefined) return;
  interruption = signal;
  stop('SIGINT');
  setTimeout(stop, patienceMilliseconds, 'SIGKILL').unref();
}

/** Ends the running program with all that it started; pip, ninja and vitest tidy up after an interruption. */
function stop(signal) {
  try {
    if (running?.pid !== undefined) process.kill(-running.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Runs a program and gives its exit code. In a group of its own, so that it can be ended as a whole. */
async function run(program, words, environment = {}) {
  console.log(`\n> ${[program, ...words].join(' ')}`);
  const child = spawn(program, words, {
    cwd: project,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  running = child;
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  running = undefined;
  if (interruption !== undefined) throw new Failure(`Stopped by ${interruption}.`);
  return status;
}

async function mustRun(whatFailed, ...command) {
  if ((await run(...command)) !== 0) throw new Failure(whatFailed);
}

/** The torch that a Python can import, found without importing it; null when there is none. */
function installedTorch(python) {
  const script =
    'import importlib.util as u, importlib.metadata as m; s = u.find_spec("torch"); ' +
    'print(s.submodule_search_locations[0] + "\\n" + m.version("torch") if s else "")';
  const { status, stdout } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  const [folder = '', version = ''] = status === 0 ? stdout.trim().split('\n') : [];
  return folder === '' ? null : { folder, version };
}

async function makeEnvironment(folder) {
  const { error, status } = spawnSync('python3', ['-c', 'import ensurepip, venv'], { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const what =
      error === undefined
        ? "python3 cannot make virtual environments: 'venv' is missing"
        : 'There is no python3';
    throw new Failure(`${what}. On Debian and Ubuntu: sudo apt-get install python3-venv`);
  }
  await mustRun(`python3 made no virtual environment in ${folder}.`, 'python3', ['-m', 'venv', folder]);
}

/** Puts torch into the environment, unless it is there. */
async function provideTorch(folder, torchVersion) {
  const python = path.join(folder, 'bin/python');
  if (!existsSync(python)) {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new Failure(
        `${folder} is not empty and no virtual environment (it has no bin/python). Name another folder.`,
      );
    }
    await makeEnvironment(folder);
  }
  let torch = installedTorch(python);
  if (torch === null) {
    announceDownload(folder);
    const name = torchVersion === undefined ? 'torch' : `torch==${torchVersion}`;
    await mustRun(`pip could not install ${name}; its messages are above.`, python, [
      '-m',
      'pip',
      'install',
      name,
    ]);
    torch = installedTorch(python);
    if (torch === null) throw new Failure(`pip installed ${name}, but ${python} does not find it.`);
  } else if (torchVersion !== undefined && torch.version.split('+')[0] !== torchVersion.split('+')[0]) {
    throw new Failure(`${folder} has torch ${torch.version}, not ${torchVersion}. Name another folder.`);
  }
  console.log(`torch ${torch.version} in ${torch.folder}.`);
  await provideHeaders(python, torch.folder);
  return torch;
}

/** Headers of CUDA that torch's own packages lack: with them the parts for graphs and NCCL are compiled too. */
async function provideHeaders(python, torchFolder) {
  const packages = path.join(torchFolder, '../nvidia');
  const folders = existsSync(packages)
    ? readdirSync(packages).map((name) => path.join(packages, name, 'include'))
    : [];
  const has = (file) => folders.some((folder) => existsSync(path.join(folder, file)));
  if (!has('cuda_runtime.h') || has('crt/host_config.h')) return;
  const status = await run(python, ['-m', 'pip', 'install', '--quiet', 'nvidia-cuda-crt']);
  if (status !== 0) console.log('Without nvidia-cuda-crt, graphs and NCCL are left out of the bridge.');
}

function announceDownload(folder) {
  console.log(
    `Installing torch into ${folder}: about ${downloadGigabytes} GB to download and ${installedGigabytes} GB on disk (measured for 2.15.0 with CUDA). ` +
      "The downloads stay in pip's cache, if it has one ('pip cache purge' empties it).",
  );
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free < downloadGigabytes + installedGigabytes) {
    console.log(
      `Only ${free.toFixed(1)} GB are free there, which may not be enough; --venv names another place.`,
    );
  }
}

function printPlan({ venv, torchVersion, keep, rest }) {
  const folder = venv ?? path.join(os.tmpdir(), 'lxmert-libtorch2-*');
  const torch = torchVersion === undefined ? 'torch' : `torch==${torchVersion}`;
  const isKept = keep || venv !== undefined;
  const lines = [
    `python3 -m venv ${folder}, and pip install ${torch} nvidia-cuda-crt there, unless it has them`,
    `LIBTORCH=${folder}/lib/python3.*/site-packages/torch node scripts/build-native.mjs --output build/libtorch2`,
    `LXMERT_NATIVE=build/libtorch2/lxmert_native.node vitest run${rest.map((word) => ` ${word}`).join('')}`,
    isKept ? `keep ${folder} and build/libtorch2` : `remove ${folder} and build/libtorch2`,
  ];
  console.log(lines.join('\n'));
}

/** @returns vitest's exit code */
async function test({ venv, torchVersion, keep, rest }) {
  const folder =
    venv === undefined ? mkdtempSync(path.join(os.tmpdir(), 'lxmert-libtorch2-')) : path.resolve(venv);
  const made = [folder];
  try {
    const torch = await provideTorch(folder, torchVersion);
    made.push(bridge);
    const build = [path.join(project, 'scripts/build-native.mjs'), '--output', bridge];
    await mustRun('The bridge did not build.', process.execPath, build, { LIBTORCH: torch.folder });
    const vitest = [path.join(project, 'node_modules/vitest/vitest.mjs'), 'run', ...rest];
    return await run(process.execPath, vitest, { LXMERT_NATIVE: path.join(bridge, 'lxmert_native.node') });
  } finally {
    if (venv === undefined && !keep) {
      // The bridge does not load without its libtorch. What was ended may still be writing: hence the tries.
      for (const place of made) rmSync(place, { recursive: true, force: true, maxRetries: 10 });
      console.log(`\nRemoved ${made.join(' and ')}.`);
    } else if (existsSync(folder)) {
      console.log(`\nKept ${folder}; again with --venv ${folder}`);
    }
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
try {
  const options = parseWords(process.argv.slice(2));
  if (options.help) console.log(usage);
  else if (options.dryRun) printPlan(options);
  else process.exitCode = await test(options);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`test-libtorch2: ${error.message}\n\n${usage}`);
    process.exitCode = 2;
  } else if (error instanceof Failure) {
    console.error(error.message);
    process.exitCode = interruption === undefined ? 1 : 128 + os.constants.signals[interruption];
  } else throw error;
}
