/** @file The words of `npm run test:libtorch2`, what it says where Python lacks something, and that it tidies up. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lxmert-test-libtorch2-')));
afterAll(() => rmSync(folder, { recursive: true }));
const script = path.resolve('scripts/test-libtorch2.mjs');

interface Place {
  /** Where `python3` is looked for. */
  readonly bin: string;
  /** The folder for temporary files. */
  readonly temporary: string;
}

let numPlaces = 0;

/** A place where `python3` is this shell script; without one there is none. */
function place(python?: string): Place {
  const root = path.join(folder, `place-${numPlaces++}`);
  const [bin, temporary] = [path.join(root, 'bin'), path.join(root, 'tmp')];
  for (const made of [bin, temporary]) mkdirSync(made, { recursive: true });
  if (python !== undefined) writeProgram(path.join(bin, 'python3'), python);
  return { bin, temporary };
}

function writeProgram(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}

function environmentOf({ bin, temporary }: Place): NodeJS.ProcessEnv {
  return { PATH: bin, TMPDIR: temporary };
}

function run(words: string[], where: Place = place()): { status: number | null; out: string; err: string } {
  const environment = { encoding: 'utf8', env: environmentOf(where) } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], environment);
  return { status, out: stdout, err: stderr };
}

/** A `python3` that makes environments whose own Python has no torch, and does `install` when pip shall install. */
function pythonWithPip(install: string): string {
  const own = `case "$1" in -m) ${install} ;; esac`;
  return `case "$1" in
  -m) /bin/mkdir -p "$3/bin" && printf '%s\\n' '#!/bin/sh' '${own}' > "$3/bin/python" && /bin/chmod +x "$3/bin/python" ;;
esac`;
}

describe('test-libtorch2: words', () => {
  it('gives to vitest what it does not know', () => {
    const words = [
      '--dry-run',
      '--venv',
      '/opt/venv',
      'test/torch',
      '-t',
      'two words',
      '--torch-version=2.6.0',
    ];
    const { status, out, err } = run(words);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('python3 -m venv /opt/venv, and pip install torch==2.6.0 nvidia-cuda-crt there');
    expect(out).toContain(
      'LXMERT_NATIVE=build/libtorch2/lxmert_native.node vitest run test/torch -t two words\n',
    );
    expect(out).toContain('\nkeep /opt/venv');
  });

  it('keeps its own flags to itself, up to a double dash', () => {
    const { out } = run(['--dry-run', '--reporter=dot', '--', '--keep', '--venv']);
    expect(out).toContain('pip install torch nvidia-cuda-crt there');
    expect(out).toContain('vitest run --reporter=dot --keep --venv\n');
    expect(out).toMatch(/\nremove .*lxmert-libtorch2-/);
    expect(run(['--dry-run', '--keep']).out).toMatch(/\nkeep .*lxmert-libtorch2-/);
  });

  it('prints its help', () => {
    expect(run(['--help'])).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringContaining('--torch-version X'),
    });
  });

  it.each([
    [['--venv'], '--venv needs a value.'],
    [['--venv='], '--venv needs a value.'],
    [['--venv', '--keep'], '--venv needs a value.'],
    [['--torch-version', 'new'], "--torch-version takes a version as in 2.15.0, not 'new'."],
  ])('refuses %j', (words, message) => {
    const { status, out, err } = run(words);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(`test-libtorch2: ${message}\n\nUsage: `);
  });
});

describe('test-libtorch2: environments', () => {
  it.each([
    ['no python3', undefined, 'There is no python3. On Debian and Ubuntu: sudo apt-get install python3-venv'],
    ['no venv', 'exit 1', "'venv' is missing. On Debian and Ubuntu: sudo apt-get install python3-venv"],
    ['a venv that fails', 'case "$1" in -m) exit 3 ;; esac', 'python3 made no virtual environment in'],
    ['a pip that fails', pythonWithPip('exit 4'), 'pip could not install torch; its messages are above.'],
    ['a pip that does nothing', pythonWithPip('exit 0'), 'pip installed torch, but '],
  ])('%s: says so and leaves nothing', (_name, python, message) => {
    const where = place(python);
    const { status, out, err } = run([], where);
    expect(status).toBe(1);
    expect(err).toContain(message);
    // Without a bridge of its own it removes no other's.
    expect(out).toMatch(/\nRemoved \S+lxmert-libtorch2-\w+\.\n$/);
    expect(readdirSync(where.temporary)).toEqual([]);
  });

  it('keeps what it shall keep', () => {
    const where = place(pythonWithPip('exit 4'));
    expect(run(['--keep'], where).out).toMatch(/\nKept .*lxmert-libtorch2-/);
    expect(readdirSync(where.temporary)).toHaveLength(1);
    const venv = path.join(where.temporary, 'named');
    run(['--venv', venv], where);
    expect(readdirSync(venv)).toEqual(['bin']);
  });

  it('touches no folder that is something else', () => {
    const where = place();
    writeFileSync(path.join(where.temporary, 'letter.txt'), '');
    const { status, err } = run(['--venv', where.temporary], where);
    expect(status).toBe(1);
    expect(err).toContain(`${where.temporary} is not empty and no virtual environment`);
  });

  it('refuses an environment with another torch than asked for', () => {
    const where = place();
    const venv = path.join(where.temporary, 'venv');
    mkdirSync(path.join(venv, 'bin'), { recursive: true });
    writeProgram(path.join(venv, 'bin/python'), "printf '%s\\n' /opt/torch 2.15.0+cu132");
    const { status, err } = run(['--venv', venv, '--torch-version', '2.6.0'], where);
    expect(status).toBe(1);
    expect(err).toContain(`${venv} has torch 2.15.0+cu132, not 2.6.0. Name another folder.`);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends what runs and tidies up after %s', async (signal, exitCode) => {
    const where = place(pythonWithPip('echo "installing $$"; exec /bin/sleep 60'));
    const child = spawn(process.execPath, [script], { env: environmentOf(where) });
    let out = '';
    for await (const chunk of child.stdout) {
      out += String(chunk);
      if (/installing \d+\n/.test(out)) break;
    }
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual([exitCode, null]);
    expect(readdirSync(where.temporary)).toEqual([]);
    const pid = Number(/installing (\d+)/.exec(out)?.[1]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
