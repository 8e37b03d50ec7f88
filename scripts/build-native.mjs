/**
 * @file Builds the bridge (native/) against the libtorch in use. Ninja rebuilds what changed; another libtorch than
 * last time means a build from nothing. `--output FOLDER` builds beside the usual place, for instance against a
 * second libtorch (run with LXMERT_NATIVE=FOLDER/lxmert_native.node).
 */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildBridge } from './setup/build-bridge.mjs';
import { SetupError } from './setup/errors.mjs';
import { findLibtorch } from './setup/find-libtorch.mjs';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

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
  const folder = path.resolve(values.output ?? path.join(project, 'build/native'));
  const libtorch = findLibtorch();
  if (libtorch === null) {
    throw new SetupError(
      'No libtorch was found. Run ./setup, or set LIBTORCH to the folder of an installation.',
    );
  }
  buildBridge(libtorch, { folder, isCached: false });
  const where = path.relative(project, folder);
  console.log(`Bridge: ${where}/lxmert_native.node for libtorch ${libtorch.version} in ${libtorch.libdir}.`);
}

const words = parseWords();
try {
  if (words.help) console.log(usage);
  else build(words);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
