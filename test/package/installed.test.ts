/** @file The packed package in a project of a user's: installed, set up, used; nothing of it needs this repository. */

import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addonPath } from '../../src/torch/native.js';
import { needing } from '../support/skips.js';
import { EXAMPLES } from './examples.js';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const built = needing('program');
/** The bridge takes minutes to compile: .ci/run asks for it. */
const compiling = needing('program', 'LXMERT_TEST_SETUP');

built.describe('the installed package', () => {
  let folder = '';
  let app = '';
  let installed = '';
  let cache = '';
  let asInstalled: readonly string[] = [];
  /** Names the clone's bridge, for where none was compiled for the package. */
  const borrowed = { LXMERT_NATIVE: path.resolve(addonPath()) };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-installed-'));
    app = path.join(folder, 'app');
    cache = path.join(folder, 'cache');
    installed = path.join(app, 'node_modules/lxmert');
    mkdirSync(app);
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: process.cwd(),
    });
    expect(packed).toMatchObject({ exitCode: 0 });
    writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
    const tarball = path.join(folder, packed.stdout.trim().split('\n').at(-1)!);
    const words = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball];
    expect(await run('npm', words)).toMatchObject({ exitCode: 0 });
    cpSync('test/package/user.mjs', path.join(app, 'user.mjs'));
    setWritable(installed, false);
    asInstalled = stateOf(installed);
  }, 300_000);

  afterAll(() => {
    setWritable(installed, true);
    rmSync(folder, { recursive: true, force: true });
  }, 300_000);

  /** Runs a program as the user would, by default in the project. */
  function run(
    program: string,
    words: readonly string[],
    { cwd = app, variables = {} }: { cwd?: string; variables?: Record<string, string> } = {},
  ): Promise<Ended> {
    // npm hands its own settings down to what it starts, and these tests may be started by it.
    const own = Object.entries(process.env).filter(([name]) => !/^(npm_|LXMERT_|VITEST|NODE_)/.test(name));
    const env = { ...Object.fromEntries(own), XDG_CACHE_HOME: cache, ...variables };
    return new Promise((resolve) => {
      execFile(program, words, { cwd, env, encoding: 'utf8' }, (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      });
    });
  }

  const lxmert = (words: readonly string[], variables: Record<string, string> = {}): Promise<Ended> =>
    run('npx', ['lxmert', ...words], { variables });

  it("answers by the README's first lines, with nothing but Node.js", async () => {
    const [, block = ''] = /```sh\n([^`]*)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
    const [install = '', ...lines] = block.trim().split('\n');
    // As above.
    expect(install).toMatch(/^npm install \.\/lxmert-\d+\.\d+\.\d+\.tgz$/);
    // The last one serves until it is ended; the tests of the server start it.
    expect(lines.slice(1)).toEqual(['npx lxmert serve --open']);
    const { exitCode, stdout } = await run('sh', ['-c', lines[0] as string]);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^ *9\d\.\d % {2}red\n/) as string,
    });
    expect(existsSync(path.join(app, 'node_modules/onnxruntime-node'))).toBe(false);
    expect(existsSync(cache)).toBe(false);
  });

  it('says in one sentence what to run before its setup', async () => {
    const { exitCode, stderr } = await lxmert(['bench', '--small']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^lxmert: The bridge to libtorch, which this needs, is not built .*: run 'npx lxmert setup', [^\n]*\n$/,
    );
    expect(stderr).toContain(cache);
  });

  it('says what its setup would do, and changes nothing', async () => {
    const { exitCode, stdout } = await lxmert(['setup', '--check']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Would build the bridge into (.*)\.$/m);
    expect(stdout).toContain(path.join(cache, 'lxmert'));
    expect(existsSync(cache)).toBe(false);
  });

  compiling.it(
    'is set up with the bridge in the cache of its user',
    async () => {
      const { exitCode, stdout } = await lxmert(['setup', '--json']);
      expect(exitCode).toBe(0);
      const { isReady, bridge } = JSON.parse(stdout) as { isReady: boolean; bridge: string };
      expect(isReady).toBe(true);
      expect(path.relative(cache, bridge)).toMatch(/^lxmert\/[^/]+\/libtorch-[^/]+$/);
      expect(readdirSync(bridge)).toContain('lxmert_native.node');
      expect(await lxmert(['setup', '--check'])).toMatchObject({ exitCode: 0 });
    },
    15 * 60_000,
  );

  it('trains a model and answers from a script that imports it', async () => {
    const variables = existsSync(cache) ? {} : borrowed;
    const { exitCode, stdout, stderr } = await run(process.execPath, ['user.mjs'], { variables });
    expect(stderr).not.toContain('lxmert:');
    expect(exitCode).toBe(0);
    const answers = JSON.parse(stdout) as { answer: string; probability: number }[];
    expect(answers).toHaveLength(3);
    const probabilities = answers.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.every((each) => each > 0 && each < 1)).toBe(true);
  }, 300_000);

  it('gives types that a strict project takes, its declarations included', async () => {
    cpSync('examples', path.join(app, 'examples'), {
      recursive: true,
      filter: (file) => !file.endsWith('tsconfig.json'),
    });
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [path.resolve('node_modules/@types')],
      rootDir: 'examples',
      outDir: 'built',
    };
    writeFileSync(
      path.join(app, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['examples'] }),
    );
    expect(await run(path.resolve('node_modules/.bin/tsc'), ['-p', '.'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    // Each of them is run below.
    const names = readdirSync(path.join(app, 'built')).map((name) => name.replace(/\.js$/, ''));
    expect(names.filter((name) => name !== 'sampleWorld').sort()).toEqual(Object.keys(EXAMPLES).sort());
  }, 300_000);

  it.each(Object.entries(EXAMPLES))(
    'runs the example %s',
    async (name, check) => {
      const variables = { ...(existsSync(cache) ? {} : borrowed), TMPDIR: folder };
      const { exitCode, stdout, stderr } = await run(process.execPath, [`built/${name}.js`], { variables });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      check(stdout);
    },
    300_000,
  );

  it('wrote nothing into its own folder', () => {
    expect(stateOf(installed)).toEqual(asInstalled);
  });
});

/** Each file and folder below a folder with its size and time. */
function stateOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(path.join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

/** Lets nobody but root write to a folder and what is in it, or lets its owner again. */
function setWritable(folder: string, isWritable: boolean): void {
  for (const name of ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const file = path.join(folder, name);
    const { mode } = statSync(file);
    chmodSync(file, isWritable ? mode | 0o200 : mode & ~0o222);
  }
}
