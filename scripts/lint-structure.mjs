/**
 * @file Keeps the shape of the project: imports between the rooms of src/ point downwards only, go through a room's index
 * and nowhere in a circle, what runs without libtorch or in browsers loads nothing else, one file opens the addon, files
 * stay small and say what they are. `node scripts/lint-structure.mjs [FOLDER]` checks a folder laid out like this project
 * (this one by default), prints every breach and ends with 1 when there is one.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { findCircles, readImportGraph } from './import-graph.mjs';
import { findUnportable, runtimeEntries } from './portable-closure.mjs';

/** From top to bottom. A room may import from itself and from rooms after it. */
const rooms = [
  'api',
  'cli',
  'bench',
  'serve',
  'quickstart',
  'export',
  'runtime',
  'explain',
  'report',
  'extraction',
  'diagnosis',
  'inference',
  'hub',
  'train',
  'tasks',
  'vision',
  'data',
  'features',
  'text',
  'onnx',
  'model',
  'checkpoint',
  'torch',
  'formats',
  'common',
];

/**
 * Files that other rooms may import although their room has an index.ts, each with the reason why it stays apart. Loading
 * most indexes loads libtorch, and what is here must start without it, or soon.
 */
const namedEntries = new Map([
  [
    'src/features/files.ts',
    'region features as files; `lxmert features convert` and `verify` know no tensors',
  ],
  [
    'src/features/fileInfo.ts',
    '`lxmert features info` looks at files that are no stores, and starts sooner without the rest',
  ],
  ['src/features/portable.ts', 'rules that the runtime without libtorch shares'],
  ['src/features/storeInfo.ts', '`lxmert features info` reads headers and starts sooner without the rest'],
  ['src/report/page.ts', 'makes pages in browsers too'],
  ['src/report/answeredExamples.ts', 'decodes pictures and asks a model, for the reports that have examples'],
  [
    'src/runtime/exportedFiles.ts',
    'files of exported folders, for whoever copies them; no part of `lxmert/runtime`',
  ],
  ['src/runtime/node/nodeEngine.ts', 'what computes in Node.js, for the check after an export'],
  ['src/tasks/portable.ts', 'rules that the runtime without libtorch shares'],
  ['src/runtime/node.ts', "the runtime's entry for Node.js; its index is the one for browsers"],
  ['src/tasks/registry.ts', 'the command line names the tasks at each start and loads the one that is used'],
  ['src/text/vocabularyFile.ts', 'the rest of the room runs without Node.js'],
  ['src/torch/bridgeFolder.ts', 'where `lxmert setup` puts the bridge before there is one'],
  ['src/torch/doctor.ts', 'examines a libtorch that may not load'],
  [
    'src/train/distributed/launchProcesses.ts',
    '`lxmert launch` starts processes and computes nothing itself',
  ],
  ['src/train/runConfig.ts', 'what a run was started with, for whoever reads it without the trainer'],
  ['src/train/runFolder.ts', "the names of a run's files, for whoever reads them without the trainer"],
]);
const usedEntries = new Set();

/** The one file that may load the addon. */
const addonDoor = 'src/torch/native.ts';
const maxLines = 600;
/** Written by a program, as long as what it is made of. */
const generated = ['src/onnx/schema/onnx_pb.ts'];
const checkedFolders = ['src', 'web', 'test', 'bench', 'scripts', 'native', 'examples'];
/** What runs in a browser: of src/ it may run these, which need nothing of Node.js, and take types from anywhere. */
const browserSafe = [
  'src/serve/client.js',
  'src/report/style.js',
  'src/data/sampleWorld/labelRegions.js',
  'src/explain/explainedRegions.js',
  'src/explain/explanationPage.js',
  'src/explain/regionPlace.js',
  'src/explain/removal.js',
  'src/runtime/index.js',
  'src/text/index.js',
  'src/runtime/browser/platform.js',
];

const root = path.resolve(process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..'));
const problems = [];
let numFiles = 0;
const scripts = [];
for (const folder of checkedFolders) {
  for (const file of filesBelow(path.join(root, folder))) checkFile(file);
}
for (const [entry, reason] of namedEntries) {
  if (hasIndex(roomOf(entry)) && !usedEntries.has(entry))
    problems.push(
      `${entry}:1: is a named entry (${reason}), but no other room imports it; take it off the list.`,
    );
}
for (const circle of findCircles(readImportGraph(root, scripts))) {
  problems.push(`${circle[0]}:1: imports itself in a circle: ${circle.join(' > ')}.`);
}
for (const entry of runtimeEntries) {
  for (const { file, line, message } of findUnportable(root, entry))
    problems.push(`${file}:${line}: ${message}`);
}
if (numFiles === 0) problems.push(`${root}: no source files found; the check would say nothing.`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`${problems.length} breach(es) of the project's structure.`);
  process.exitCode = 1;
} else {
  console.log(`Structure: ${numFiles} files keep to the rules.`);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|mjs|cc|h)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function checkFile(file) {
  numFiles++;
  const name = path.relative(root, file).split(path.sep).join('/');
  const text = readFileSync(file, 'utf8');
  const report = (line, message) => problems.push(`${name}:${line}: ${message}`);
  const numLines = text.split('\n').length - 1;
  if (numLines > maxLines && !generated.includes(name))
    report(numLines, `${numLines} lines; a file has at most ${maxLines}. Split it by idea.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is "everything outside ASCII".
  const foreign = /[^\x00-\x7f]/.exec(text);
  if (foreign !== null) {
    report(lineAt(text, foreign.index), `'${foreign[0]}' is not ASCII; write it as an escape.`);
  }
  if (!/\.(tsx?|mjs)$/.test(file)) {
    if (!/^\/\/ [^\s#]/.test(text)) report(1, 'begin with // and one sentence on the file.');
    return;
  }
  scripts.push(name);
  // A test file says what it is in its describe blocks.
  if (!name.endsWith('.test.ts') && !/^(#!.*\n)?\/\*\*\s+(\* )?@file \S/.test(text))
    report(1, 'begin with /** @file one sentence on the file */.');
  const silenced = /@ts-(ignore|nocheck)/.exec(text);
  if (silenced !== null && !name.startsWith('scripts/')) {
    report(lineAt(text, silenced.index), `@ts-${silenced[1]} hides a type error; mend the types.`);
  }
  if (name.startsWith('src/')) checkImports(name, text, report);
  if (name.startsWith('web/')) checkWebImports(name, text, report);
  if (name.startsWith('bench/')) checkBenchImports(name, text, report);
}

function checkWebImports(name, text, report) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly) continue;
    const from = statement.moduleSpecifier.text;
    if (!from.startsWith('.')) continue;
    const target = path.posix.join(path.posix.dirname(name), from);
    if (target.startsWith('web/') || browserSafe.includes(target)) continue;
    report(lineAt(text, statement.getStart()), `'${from}' does not run in a browser; import only its types.`);
  }
}

function checkBenchImports(name, text, report) {
  for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    if (!fileName.startsWith('.')) continue;
    const target = path.posix.join(path.posix.dirname(name), fileName);
    if (roomOf(target) === 'cli')
      report(lineAt(text, pos), 'bench may not import from cli: imports point down.');
  }
}

function checkImports(name, text, report) {
  if (name !== addonDoor) {
    const addon = /['"`][^'"`\n]*\.node['"`]|process\.dlopen/.exec(text);
    if (addon !== null) report(lineAt(text, addon.index), `only ${addonDoor} may load the addon.`);
  }
  const room = roomOf(name);
  if (room === undefined) return;
  if (!rooms.includes(room)) {
    report(1, `'${room}' is no room of the project; the rooms are ${rooms.join(', ')}.`);
    return;
  }
  for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    if (!fileName.startsWith('.')) continue;
    const target = path.posix.join(path.posix.dirname(name), fileName);
    const line = lineAt(text, pos);
    const targetRoom = roomOf(target);
    if (!target.startsWith('src/')) report(line, `'${fileName}' leaves src/.`);
    else if (targetRoom === undefined)
      report(line, `'${fileName}' is above all rooms; import from the room itself.`);
    else if (rooms.indexOf(targetRoom) < rooms.indexOf(room)) {
      report(line, `${room} may not import from ${targetRoom}: imports point down (${rooms.join(' > ')}).`);
    } else if (targetRoom !== room && isPastIndex(target.replace(/\.js$/, '.ts'))) {
      report(
        line,
        `'${fileName}' goes past the index of ${targetRoom}: import from src/${targetRoom}/index.ts, from the index.ts of ` +
          `a folder in it, or from one of the entries that scripts/lint-structure.mjs names.`,
      );
    }
  }
}

/** Whether a file is one that only its own room, which has an index, may import. */
function isPastIndex(target) {
  if (path.posix.basename(target) === 'index.ts' || !hasIndex(roomOf(target))) return false;
  usedEntries.add(target);
  return !namedEntries.has(target);
}

function hasIndex(room) {
  return existsSync(path.join(root, 'src', room, 'index.ts'));
}

/** `src/torch/tensor.ts` is in `torch`; a file right in src/ is in none. */
function roomOf(name) {
  const parts = name.split('/');
  return parts.length > 2 ? parts[1] : undefined;
}

function lineAt(text, index) {
  return text.slice(0, index).split('\n').length;
}
