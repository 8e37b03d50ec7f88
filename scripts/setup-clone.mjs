/**
 * @file Makes a clone ready to run: libtorch, compilers, npm packages, the bridge, the TypeScript build. Safe to run
 * again at any time; it does only what is missing. ./setup starts it.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './setup/errors.mjs';
import { prepareBridge, prepareSystem } from './setup/index.mjs';
import { hasProgram, runProgram } from './setup/programs.mjs';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const program = path.join(project, 'dist/src/cli/main.js');

const usage = `Usage: ./setup [--check]

Makes this clone ready to run. In this order it
  1. finds libtorch: what LIBTORCH names (an unpacked libtorch, or the folder of a Python torch package),
     else an importable Python 'torch', else the system's package;
  2. installs with apt what is missing of libtorch, a fast BLAS, a C++ compiler, CMake and Ninja
     (it says what before it does; sudo is used when you are not root);
  3. runs 'npm ci' when node_modules is not what package-lock.json asks for;
  4. builds the bridge (build/native) and the TypeScript sources (dist).

  --check, --dry-run   only say what would be done; ends with 1 when there is something
  --help               print this help`;

function say(line) {
  console.log(`setup: ${line}`);
}

/** True when node_modules holds the versions that package-lock.json names. */
function modulesAreCurrent() {
  const read = (file) => JSON.parse(readFileSync(path.join(project, file), 'utf8')).packages;
  if (!existsSync(path.join(project, 'node_modules/.package-lock.json'))) return false;
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(read('package-lock.json')).every(
    ([name, wanted]) =>
      name === '' ||
      (wanted.optional && installed[name] === undefined) ||
      installed[name]?.version === wanted.version,
  );
}

function npm(...words) {
  if (!runProgram('npm', words, { cwd: project }))
    throw new SetupError(`'npm ${words.join(' ')}' failed; its messages are above.`);
}

/** Says what a setup would do, and gives whether that is nothing. */
function check(surroundings) {
  const system = prepareSystem(surroundings);
  const findings = [system.isReady];
  if (!modulesAreCurrent()) {
    say('Would run: npm ci');
    findings.push(false);
  }
  if (system.libtorch === null) say('Would build the bridge into build/native.');
  else findings.push(prepareBridge(system.libtorch, bridgePlace, surroundings));
  if (!existsSync(program)) {
    say('Would build the TypeScript sources into dist.');
    findings.push(false);
  }
  const isReady = findings.every((each) => each);
  if (isReady) say('Nothing is missing.');
  return isReady;
}

function setUp(surroundings) {
  const started = performance.now();
  const { libtorch } = prepareSystem(surroundings);
  if (!modulesAreCurrent()) {
    say('Installing npm packages (npm ci).');
    npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
  }
  prepareBridge(libtorch, bridgePlace, surroundings);
  npm('run', '--silent', 'build:ts');
  npm('run', '--silent', 'build:web');
  say(`Ready after ${Math.round((performance.now() - started) / 1000)} s.\n`);
  if (!runProgram(process.execPath, [program, 'doctor', '--no-measure'], { stdio: 'inherit' }))
    throw new SetupError('LXMERT cannot run here yet; the lines above say why.');
  console.log('\nNext: npx lxmert quickstart   (or: npx lxmert --help)');
}

const bridgePlace = { folder: path.join(project, 'build/native'), isCached: false };
const words = process.argv.slice(2);
const unknown = words.find((word) => !['--check', '--dry-run', '--help', '-h'].includes(word));
try {
  if (unknown !== undefined) {
    console.error(`setup: Unknown word '${unknown}'. See './setup --help'.`);
    process.exitCode = 2;
  } else if (words.includes('--help') || words.includes('-h')) {
    console.log(usage);
  } else {
    if (!hasProgram('npm')) throw new SetupError("'npm' was not found; it comes with Node.js.");
    const isCheck = words.length > 0;
    const surroundings = { isCheck, command: './setup', say };
    if (!isCheck) setUp(surroundings);
    else if (!check(surroundings)) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}
