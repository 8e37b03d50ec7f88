/**
 * @file Packs the package and checks what a user would get: its size, that it holds what the build made of src/ and
 * nothing of tests or benches, that its entry points and their types resolve (publint, Are the Types Wrong). Wants
 * `npm run build` before.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** The sample model and its scenes are at most 1.5 MB of it. */
const maxBytes = 3e6;
/** What the package may hold, below its root. */
const allowed = [
  /^dist\/src\/[\w/]+\.(js|d\.ts|json|py)$/,
  /^dist\/web\/[\w/.-]+\.(html|js|css|svg)(\.gz)?$/,
  /^native\/[\w/]+\.(cc|h)$/,
  /^native\/CMakeLists\.txt$/,
  /^scripts\/setup\/[\w-]+\.(mjs|d\.mts)$/,
  /^assets\/sample-model\/[\w/.]+\.(json|txt|onnx)$/,
  /^assets\/sample-scenes\/(scene-\d\.png|scenes\.json)$/,
  /^assets\/published\/([\w/]+\.(json|txt)|SOURCES\.md)$/,
  /^configs\/[\w/]+\.toml$/,
  /^(package\.json|README\.md|CHANGELOG\.md|CITATION\.cff|LICENSE)$/,
];

const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-package-'));
try {
  const problems = check(pack(folder));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Packs into `destination`: the file, its size, and what is in it. */
function pack(destination) {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd: project, encoding: 'utf8' });
  if (status !== 0) throw new Error(`'npm ${words.join(' ')}' failed:\n${stderr}`);
  const answer = JSON.parse(stdout);
  // npm 12 gives an object by name where older ones give a list.
  const [{ filename, size, unpackedSize, files }] = Array.isArray(answer) ? answer : Object.values(answer);
  const names = files.map((file) => file.path);
  return { file: path.join(destination, filename), size, unpackedSize, names };
}

function check({ file, size, unpackedSize, names }) {
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(
    `Package: ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked, ${names.length} files.`,
  );
  const problems = [];
  if (size > maxBytes) problems.push(`The package has ${megabytes(size)}; at most ${megabytes(maxBytes)}.`);
  for (const name of names) {
    if (!allowed.some((pattern) => pattern.test(name)))
      problems.push(`${name} does not belong in the package.`);
    if (name.endsWith('.js') && readFileSync(path.join(project, name), 'utf8').includes('sourceMappingURL'))
      problems.push(`${name} names a source map, which is not in the package.`);
  }
  problems.push(...unlikeTheSources(names));
  problems.push(...tool('publint', ['run', file, '--strict']));
  problems.push(...tool('attw', [file, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii']));
  return problems;
}

/** What src/ has and the package lacks, or the other way round; of declarations those alone that its entry points lead to. */
function unlikeTheSources(names) {
  const sources = readdirSync(path.join(project, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => /\.(ts|json|py)$/.test(name));
  const known = sources.flatMap((name) =>
    /\.(json|py)$/.test(name) ? [name] : ['.js', '.d.ts'].map((end) => name.replace(/\.ts$/, end)),
  );
  const led = leadTo(typesOf(JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')).exports));
  const wanted = known.filter((name) => !name.endsWith('.d.ts') || led.has(`dist/src/${name}`));
  const packed = names
    .filter((name) => name.startsWith('dist/src/'))
    .map((name) => name.slice('dist/src/'.length));
  return [
    ...wanted
      .filter((name) => !packed.includes(name))
      .map((name) =>
        existsSync(path.join(project, 'dist/src', name))
          ? `dist/src/${name} is needed in the package, and "files" of package.json leaves it out.`
          : `dist/src/${name} is missing; run npm run build.`,
      ),
    ...packed
      .filter((name) => !known.includes(name))
      .map((name) => `dist/src/${name} has no source; run npm run build.`),
    ...['dist/web/app/index.html', 'dist/web/explanation/explanation.js']
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is missing; run npm run build:web.`),
  ];
}

/** The declarations that the entry points of the package name. */
function typesOf(exports) {
  if (typeof exports !== 'string') return Object.values(exports).flatMap(typesOf);
  return exports.endsWith('.d.ts') ? [path.posix.normalize(exports)] : [];
}

/** These declarations, and all that they import. */
function leadTo(files) {
  const led = new Set(files);
  for (const file of led) {
    const text = readFileSync(path.join(project, file), 'utf8');
    for (const [, imported] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.js['"]/g))
      led.add(path.posix.join(path.posix.dirname(file), `${imported}.d.ts`));
  }
  return led;
}

function tool(name, words) {
  const program = path.join(project, 'node_modules/.bin', name);
  if (!existsSync(program)) return [`${name} is not installed; run npm ci.`];
  const { status, stdout, stderr } = spawnSync(program, words, { cwd: project, encoding: 'utf8' });
  return status === 0 ? [] : [`${name} finds fault:\n${stdout}${stderr}`];
}
