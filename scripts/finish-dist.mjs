/**
 * @file What the TypeScript build leaves to do in dist/: data that lies beside its code in src/ comes along, the
 * program can be started, and what was compiled from a file that is gone goes too, so that dist/ holds what a build
 * from nothing would.
 */

import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const isData = (name) => /\.(json|py)$/.test(name);

for (const name of filesBelow('src').filter(isData))
  copyFileSync(path.join(project, name), path.join(project, 'dist', name));
for (const name of [...filesBelow('dist/src'), ...filesBelow('dist/bench')]) {
  if (!hasSource(name)) rmSync(path.join(project, name));
}
chmodSync(path.join(project, 'dist/src/cli/main.js'), 0o755);

/** True for `dist/src/x.js` and `dist/src/x.d.ts` of `src/x.ts`, and for copied data. */
function hasSource(name) {
  const source = name.replace(/^dist\//, '').replace(/(\.d\.ts|\.js)$/, '.ts');
  const isCompiled = /\.(d\.ts|js)$/.test(name);
  return (isCompiled || isData(name)) && existsSync(path.join(project, source));
}

function filesBelow(folder) {
  const whole = path.join(project, folder);
  if (!existsSync(whole)) return [];
  return readdirSync(whole, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(project, path.join(entry.parentPath ?? entry.path, entry.name)));
}
