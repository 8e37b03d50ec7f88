/** @file The structure lint finds each kind of breach in a project made to break its rules, and none in this one. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = path.resolve('scripts/lint-structure.mjs');
const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-structure-'));

function write(name: string, text: string): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function lint(root: string): { status: number | null; lines: string[] } {
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  return { status, lines: stderr.trimEnd().split('\n') };
}

const header = '/** @file A file. */\n';
afterAll(() => rmSync(folder, { recursive: true }));

describe('breaches', () => {
  let lines: string[] = [];

  beforeAll(() => {
    write('src/common/upwards.ts', `${header}import { a } from '../torch/a.js';\nexport { a };\n`);
    write('src/model/lazy.ts', `${header}export const load = () => import('../train/loop.js');\n`);
    write('src/torch/reexport.ts', `${header}export * from '../cli/main.js';\n`);
    write('src/torch/type.ts', `${header}\nimport type { A } from '../index.js';\nexport type B = A;\n`);
    write(
      'web/app.tsx',
      `${header}import type { A } from '../src/data/a.js';\nimport '../src/serve/client.js';\nimport { b } from '../src/data/a.js';\n`,
    );
    write('src/data/outside.ts', `${header}import '../../scripts/x.js';\n`);
    write('src/attic/old.ts', header);
    write('src/data/addon.ts', `${header}export const file = 'build/native/lxmert_native.node';\n`);
    write('src/data/silenced.ts', `${header}// @ts-${'ignore'}\nexport const a: number = 'a';\n`);
    write('src/data/bare.ts', 'export const a = 1;\n');
    write('src/data/long.ts', header + 'export {};\n'.repeat(600));
    write('src/data/foreign.ts', `${header}// \u00e9\n`);
    write('native/long.cc', `// Many numbers.\n${'int a;\n'.repeat(600)}`);
    write('native/bare.h', '#pragma once\n');
    write('src/text/first.ts', `${header}import type { B } from './second.js';\nexport type A = B;\n`);
    write('src/text/second.ts', `${header}export type B = { c: import('./third.js').C };\n`);
    write('src/text/third.ts', `${header}export type { A as C } from './first.js';\n`);
    write('src/text/inward.ts', `${header}import './first.js';\n`);
    write('src/features/index.ts', header);
    write('src/report/index.ts', header);
    write(
      'src/inference/past.ts',
      `${header}\nimport type { A } from '../features/row.js';\nexport type B = A;\n`,
    );
    write(
      'src/inference/lazily.ts',
      `${header}export const load = () => import('../features/deep/row.js');\n`,
    );
    write(
      'src/inference/through.ts',
      `${header}import '../features/index.js';\nimport '../features/deep/index.js';\nimport '../features/files.js';\nimport '../features/portable.js';\nimport '../features/storeInfo.js';\nimport '../features/fileInfo.js';\nimport '../data/a.js';\n`,
    );
    write('src/features/own.ts', `${header}import './row.js';\n`);
    write('src/torch/native.ts', `${header}export const addon = '../../build/native/lxmert_native.node';\n`);
    write(
      'src/cli/fine.ts',
      `#!/usr/bin/env node\n${header}import '../common/a.js';\nimport '../report/page.js';\nimport './b.js';\nimport 'zod';\n`,
    );
    const result = lint(folder);
    expect(result.status).toBe(1);
    lines = result.lines;
  });

  it.each([
    ['src/common/upwards.ts:2', 'common may not import from torch'],
    ['src/model/lazy.ts:2', 'model may not import from train'],
    ['src/torch/reexport.ts:2', 'torch may not import from cli'],
    ['src/torch/type.ts:3', 'is above all rooms'],
    ['web/app.tsx:4', 'does not run in a browser'],
    ['src/data/outside.ts:2', 'leaves src/'],
    ['src/attic/old.ts:1', 'no room'],
    ['src/data/addon.ts:2', 'only src/torch/native.ts may load the addon'],
    ['src/inference/past.ts:3', 'past the index of features'],
    ['src/inference/lazily.ts:2', 'past the index of features'],
    ['src/report/answeredExamples.ts:1', 'no other room imports it'],
    ['src/data/silenced.ts:2', 'hides a type error'],
    ['src/data/bare.ts:1', 'begin with'],
    ['src/data/long.ts:601', '601 lines'],
    ['src/data/foreign.ts:2', 'not ASCII'],
    ['native/long.cc:601', '601 lines'],
    ['native/bare.h:1', 'begin with // and one sentence'],
    [
      'src/text/first.ts:1',
      'in a circle: src/text/first.ts > src/text/second.ts > src/text/third.ts > src/text/first.ts',
    ],
  ])('%s', (where, what) => {
    const found = lines.filter((line) => line.startsWith(`${where}:`));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(what);
  });

  it('are all there is: the addon door, downward imports, indexes and named entries are allowed', () => {
    expect(lines.at(-1)).toBe("18 breach(es) of the project's structure.");
  });
});

describe('projects', () => {
  it('passes on this one', () => {
    const { status, lines } = lint(path.resolve('.'));
    expect(lines.join('\n')).toBe('');
    expect(status).toBe(0);
  });

  it('fails on a folder without sources, where it would check nothing', () => {
    const empty = mkdtempSync(path.join(os.tmpdir(), 'lxmert-empty-'));
    expect(lint(empty).status).toBe(1);
    rmSync(empty, { recursive: true });
  });
});

describe('what the runtime loads', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'lxmert-closure-'));
  const put = (name: string, text: string): void => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${header}${text}`);
  };
  afterAll(() => rmSync(root, { recursive: true }));

  it('is portable in browsers, and without libtorch in Node.js, however far away it is', () => {
    put('src/torch/tensor.ts', 'export const tensor = 1;\n');
    put(
      'src/common/bytes.ts',
      "import { readFileSync } from 'node:fs';\nexport const a = Buffer.from(readFileSync('a'));\n",
    );
    put('src/common/later.ts', "export const load = () => import('node:os');\n");
    put('src/common/types.ts', 'export type T = Buffer;\nexport const b = { process: 1 }.process;\n');
    put(
      'src/text/words.ts',
      "import type { tensor } from '../torch/tensor.js';\nimport { a } from '../common/bytes.js';\nimport '../common/later.js';\nimport '../common/types.js';\nexport { a };\n",
    );
    put(
      'src/vision/pictures.ts',
      "import sharp from 'sharp';\nexport * from '../torch/tensor.js';\nexport { sharp };\n",
    );
    put('src/runtime/index.ts', "import '../text/words.js';\nimport 'zod';\nimport 'left-pad';\n");
    put('src/runtime/node.ts', "import '../text/words.js';\nimport '../vision/pictures.js';\n");
    const found = lint(root).lines.filter((line) => line.includes(' load this file: '));
    expect(found.map((line) => line.replace(/ and (browsers|Node.js without libtorch) load .*/, ''))).toEqual(
      [
        "src/runtime/index.ts:4: 'left-pad' is not among the packages of the runtime (zod, onnxruntime-web, @noble/hashes),",
        "src/common/bytes.ts:3: Buffer is Node.js's own,",
        "src/common/bytes.ts:2: 'node:fs' is a module of Node.js,",
        "src/common/later.ts:2: 'node:os' is a module of Node.js,",
        "src/vision/pictures.ts:3: '../torch/tensor.js' is of the room torch,",
      ],
    );
    expect(found[2]).toContain('src/runtime/index.ts > src/text/words.ts > src/common/bytes.ts.');
  });
});
