/** @file Command lines from words to exit codes: values, defaults, errors as sentences, help, interrupts. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { dressed, painted, wrappedCommand } from '../../src/cli/terminal/look.js';
import { printable } from '../../src/cli/terminal/printable.js';
import { lxmert, onTerminal } from './fixtures.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-cli-'));
const wall = path.join(folder, 'wall.txt');
writeFileSync(wall, 'a wall');
afterAll(() => rmSync(folder, { recursive: true }));

async function optionsOf(...flags: string[]): Promise<unknown> {
  const { stdout, exitCode, stderr } = await lxmert('paint', wall, '--json', ...flags);
  expect(exitCode, stderr).toBe(0);
  return (JSON.parse(stdout) as { options: unknown }).options;
}

async function wrongUse(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return stderr.trimEnd();
}

describe('values', () => {
  it('fills in defaults and leaves optional ones out', async () => {
    expect(await optionsOf()).toEqual({
      numCoats: 2,
      colour: 'red',
      layers: [1, 2],
      dry: false,
      varnish: true,
    });
  });

  it('reads every kind of flag', async () => {
    const flags = '-n 3 --dilution 2.5e-1 --colour blue --dry --no-varnish'.split(' ');
    const lists = ['--layers', '3,4', '--layers=5', '--brushes', 'a,b', '--brushes', 'c', '--room', folder];
    expect(await optionsOf(...flags, ...lists)).toEqual({
      numCoats: 3,
      dilution: 0.25,
      colour: 'blue',
      layers: [3, 4, 5],
      brushes: ['a,b', 'c'],
      room: folder,
      dry: true,
      varnish: false,
    });
  });

  it('gives arguments by name, the last taking the rest', async () => {
    const { stdout } = await lxmert('paint', wall, 'door', 'fence', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ words: { wall, others: ['door', 'fence'] } });
  });
});

describe('output', () => {
  it('prints text for a person on stdout and notices on stderr', async () => {
    const printed = await lxmert('paint', wall);
    expect(printed).toEqual({
      stdout: 'painting\n2 coats of red\n',
      stderr: 'opening the pot\n',
      exitCode: 0,
    });
  });

  it('keeps stdout pure JSON under --json', async () => {
    const { stdout, stderr } = await lxmert('paint', wall, '--json');
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(stderr).toBe('opening the pot\npainting\n');
  });
});

describe('quiet', () => {
  it('prints results and no notices, also under --json', async () => {
    expect(await lxmert('paint', wall, '--quiet')).toEqual({
      stdout: 'painting\n2 coats of red\n',
      stderr: '',
      exitCode: 0,
    });
    expect((await lxmert('paint', wall, '--quiet', '--json')).stderr).toBe('painting\n');
  });

  it('prints failures', async () => {
    const { stderr } = await lxmert('shop', 'fail', '--how', 'failure', '--quiet');
    expect(stderr).toBe('lxmert: The weights are not whole.\n');
  });
});

describe('colour', () => {
  afterEach(() => vi.unstubAllEnvs());
  const red = '\x1b[31mlxmert:\x1b[0m The weights are not whole.\n';
  const plain = 'lxmert: The weights are not whole.\n';

  it.each([
    [{}, false, plain],
    [{}, true, red],
    [{ NO_COLOR: '1' }, true, plain],
    [{ NO_COLOR: '' }, true, red],
    [{ TERM: 'dumb' }, true, plain],
    [{ FORCE_COLOR: '1' }, false, red],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, red],
    [{ FORCE_COLOR: '0' }, true, plain],
  ])('with %j, on a terminal: %j', async (environment, isTTY, expected) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect(await onTerminal(['shop', 'fail', '--how', 'failure'], { isTTY })).toBe(expected);
  });

  it('never comes out of a file that a result quotes', () => {
    const quoted = printable(`a\x1b[31m ${painted('bold', 'b')}`);
    expect(dressed(quoted, true)).toBe('a\\u001b[31m \x1b[1mb\x1b[0m');
    expect(dressed(quoted, false)).toBe('a\\u001b[31m b');
  });
});

describe('wrong use: one sentence and exit code 2', () => {
  it.each([
    [['pant'], "lxmert: Unknown command 'pant'. Did you mean paint? See 'lxmert --help'."],
    [['--paint'], "lxmert: Unknown option '--paint'. See 'lxmert --help'."],
    [['shop'], "lxmert: 'lxmert shop' needs a verb: one of fail, broken. See 'lxmert --help'."],
    [['shop', 'sell'], "lxmert: 'lxmert shop' has no verb 'sell': one of fail, broken. See 'lxmert --help'."],
    [['paint'], "lxmert: Missing required argument 'wall'. See 'lxmert paint --help'."],
    [
      ['paint', wall, '--num-coat', '1'],
      "lxmert: Unknown option '--num-coat'. Did you mean --num-coats? See 'lxmert paint --help'.",
    ],
    [
      ['paint', wall, '--num-coats'],
      "lxmert: Option '-n, --num-coats <N>' argument missing. See 'lxmert paint --help'.",
    ],
    [['paint', wall, '--num-coats', '0'], "lxmert: --num-coats must be a whole number from 1 to 9, not '0'."],
    [
      ['paint', wall, '--num-coats', '1.5'],
      "lxmert: --num-coats must be a whole number from 1 to 9, not '1.5'.",
    ],
    [
      ['paint', wall, '--num-coats', '0x3'],
      "lxmert: --num-coats must be a whole number from 1 to 9, not '0x3'.",
    ],
    [
      ['paint', wall, '--dilution', '0'],
      "lxmert: --dilution must be a number above 0 and at most 1, not '0'.",
    ],
    [['paint', wall, '--colour', 'green'], "lxmert: --colour must be one of red, blue, not 'green'."],
    [['paint', wall, '--layers', '1,x'], "lxmert: --layers must be a whole number of at least 0, not 'x'."],
    [['paint', wall, '--room', wall], `lxmert: --room: '${wall}' is a file, not a folder.`],
    [
      ['paint', wall, '-n', '3', '--num-coats', '4'],
      "lxmert: --num-coats is given twice, as '3' and as '4', and takes one value: leave one of them out.",
    ],
    [
      ['paint', wall, '--room', folder, `--room=${folder}`],
      `lxmert: --room is given twice, both times as '${folder}', and takes one value: leave one of them out.`,
    ],
    [
      ['shop', 'fail', 'now', '--how', 'usage'],
      "lxmert: Too many arguments for 'fail'. Expected 0 arguments but got 1. See 'lxmert shop fail --help'.",
    ],
    [['paint', '/no/wall'], "lxmert: The argument wall: there is no file '/no/wall'."],
    [['shop', 'fail'], 'lxmert: --how is missing: one of failure, usage, bug, missing, result, wait.'],
  ])('%j', async (words, sentence) => {
    expect(await wrongUse(...words)).toBe(sentence);
  });

  it('says where a relative path was looked for', async () => {
    expect(await wrongUse('paint', 'wal.txt')).toContain(`'wal.txt' (looked in ${process.cwd()})`);
  });
});

describe('failures', () => {
  it.each([
    ['failure', 1, 'lxmert: The weights are not whole.\n'],
    ['usage', 2, 'lxmert: There is no such colour.\n'],
    ['missing', 2, "lxmert: There is no '/nowhere/file.tsv'.\n"],
    [
      'bug',
      1,
      'lxmert: Unexpected failure: x is undefined. Run it again with --debug for the stack trace.\n',
    ],
  ])('%s', async (how, exitCode, stderr) => {
    expect(await lxmert('shop', 'fail', '--how', how)).toEqual({ stdout: '', stderr, exitCode });
  });

  it('prints the stack under --debug only', async () => {
    const { stderr } = await lxmert('shop', 'fail', '--how', 'failure', '--debug');
    expect(stderr).toMatch(/^lxmert: The weights are not whole\.\n/);
    expect(stderr).toContain('fixtures.ts');
  });

  it('lets a result end with 1', async () => {
    expect(await lxmert('shop', 'fail', '--how', 'result')).toMatchObject({ stdout: 'bad\n', exitCode: 1 });
  });
});

describe('interrupts', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s lets the command finish what it saves', async (name, exitCode) => {
    const before = process.listenerCount(name);
    const running = lxmert('shop', 'fail', '--how', 'wait');
    await expect.poll(() => process.listenerCount(name)).toBe(before + 1);
    process.emit(name, name);
    const printed = await running;
    expect(printed).toMatchObject({ stdout: 'saved\n', exitCode });
    expect(printed.stderr).toContain('Ctrl-C again');
    expect(process.listenerCount(name)).toBe(before);
  });
});

describe('help', () => {
  it.each([[[]], [['--help']], [['help']]])('lists the commands by group for %j', async (words) => {
    const { stdout, exitCode } = await lxmert(...words);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Start here:\n  paint        Paint\n');
    expect(stdout).toContain('Data:\n  shop fail    Fail\n  shop broken  Never loads\n');
  });

  it.each([[['paint', '--help']], [['help', 'paint']]])(
    'shows flags, defaults and an example for %j',
    async (words) => {
      const { stdout, exitCode } = await lxmert(...words);
      expect(exitCode).toBe(0);
      expect(stdout).toMatchSnapshot();
    },
  );

  it.each([[['paint', '--help']], [['--help']], [['shop', '--help']]])(
    'fits a window of 60 columns for %j',
    async (words) => {
      const lines = stripVTControlCharacters(await onTerminal(words, { columns: 60 })).split('\n');
      expect(lines.length).toBeGreaterThan(5);
      expect(lines.filter((line) => line.length > 60)).toEqual([]);
    },
  );

  it('breaks command lines where a shell goes on', () => {
    const command = 'lxmert paint "a -x b" --colour blue --num-coats 3 --dry';
    expect(wrappedCommand(command, 36, 2)).toBe(
      'lxmert paint "a -x b" \\\n    --colour blue --num-coats 3 \\\n    --dry',
    );
    expect(wrappedCommand(command, 80, 2)).toBe(command);
  });

  it('lists the verbs of a word without importing them', async () => {
    const { stdout, exitCode } = await lxmert('shop', '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('shop broken  Never loads');
  });

  it('prints the version', async () => {
    expect((await lxmert('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
