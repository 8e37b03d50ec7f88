/**
 * @file Checks with clang-format that native/ is formatted as .clang-format says; `--write` formats it.
 * `node scripts/format-native.mjs [--write] [FOLDER]`; ends with 1 where a file is not.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import clangFormat from 'clang-format';

const given = process.argv.slice(2);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.resolve(given.find((argument) => !argument.startsWith('-')) ?? path.join(root, 'native'));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(cc|h)$/.test(name))
  .map((name) => path.join(folder, name))
  .sort();

const formatter = binaryOfThisMachine();
if (formatter === undefined) {
  console.log(
    `clang-format's package has no program for ${process.platform} on ${process.arch}: native/ is not checked.`,
  );
} else {
  const style = `--style=file:${path.join(root, '.clang-format')}`;
  const work = given.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
  const { status, error } = spawnSync(formatter, [style, ...work, ...files], { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status === 0) console.log(`C++: ${files.length} files are formatted.`);
  else console.error("Format native/ with 'npm run format'.");
  process.exitCode = status === 0 ? 0 : 1;
}

/** The package throws where it brings no program along. */
function binaryOfThisMachine() {
  try {
    return clangFormat.getNativeBinary();
  } catch {
    return undefined;
  }
}
