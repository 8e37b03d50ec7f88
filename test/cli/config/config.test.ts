/** @file Configuration files: where a value comes from, what is refused and how, and the way there and back. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lxmert } from '../fixtures.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-config-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
const wall = at('wall.txt');
writeFileSync(wall, 'a wall');
mkdirSync(at('settings'));
mkdirSync(at('room'));
afterAll(() => rmSync(folder, { recursive: true }));

let numFiles = 0;
function fileOf(content: string | Buffer, extension = 'toml'): string {
  const file = at('settings', `${numFiles++}.${extension}`);
  writeFileSync(file, content);
  return file;
}

async function optionsOf(...words: string[]): Promise<unknown> {
  const { stdout, stderr, exitCode } = await lxmert('paint', wall, '--json', ...words);
  expect(exitCode, stderr).toBe(0);
  return (JSON.parse(stdout) as { options: unknown }).options;
}

async function refusal(content: string | Buffer, extension = 'toml', ...words: string[]): Promise<string> {
  const file = fileOf(content, extension);
  const { stdout, stderr, exitCode } = await lxmert('paint', wall, '--config', file, ...words);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return stderr.trimEnd().replace('lxmert: ', '').replaceAll(file, 'FILE');
}

const everything = {
  numCoats: 3,
  dilution: 0.25,
  colour: 'blue',
  layers: [3, 4],
  brushes: [at('settings', 'a,b'), at('c')],
  room: at('room'),
  dry: true,
  varnish: false,
};

describe('a configuration file', () => {
  it('gives every kind of option, in TOML', async () => {
    const file = fileOf(
      [
        'num-coats = 3 # coats',
        'dilution = 2.5e-1',
        'colour = "blue"',
        'layers = [3, 4]',
        "brushes = ['a,b', '../c']",
        'room = "../room"',
        'dry = true',
        'varnish = false',
      ].join('\n'),
    );
    expect(await optionsOf('--config', file)).toEqual(everything);
  });

  it('gives every kind of option, in JSON', async () => {
    const file = fileOf(
      '{"num-coats": 3, "dilution": 0.25, "colour": "blue", "layers": [3, 4], "brushes": ["a,b", "../c"], "room": "../room", "dry": true, "varnish": false}',
      'json',
    );
    expect(await optionsOf('--config', file)).toEqual(everything);
  });

  it.each([
    ['toml', ''],
    ['toml', '# nothing yet\n'],
    ['json', '{}'],
  ])('may be empty (%s %j): the defaults stay', async (extension, content) => {
    expect(await optionsOf('--config', fileOf(content, extension))).toEqual(await optionsOf());
  });

  it('stands below the flags and above the defaults', async () => {
    const file = fileOf('num-coats = 3\ncolour = "blue"\nlayers = [7]\nvarnish = true\ndry = false');
    const flags = ['--num-coats', '5', '--layers', '8,9', '--no-varnish', '--dry'];
    expect(await optionsOf('--config', file, ...flags)).toEqual({
      numCoats: 5,
      colour: 'blue',
      layers: [8, 9],
      varnish: false,
      dry: true,
    });
  });

  it('does not lose to the default of a flag that was not given', async () => {
    expect(await optionsOf('--config', fileOf('varnish = false'))).toMatchObject({ varnish: false });
  });

  it('is not asked for a path that a flag replaces', async () => {
    const file = fileOf('room = "nowhere"');
    expect(await optionsOf('--config', file, '--room', at('room'))).toMatchObject({ room: at('room') });
  });

  it('leaves absolute paths as they are', async () => {
    expect(await optionsOf('--config', fileOf(`room = '${folder}'`))).toMatchObject({ room: folder });
  });

  it('can hold a flag that must be given', async () => {
    const file = fileOf('how = "result"');
    expect(await lxmert('shop', 'fail', '--config', file)).toMatchObject({ stdout: 'bad\n', exitCode: 1 });
  });

  it('may begin with a byte order mark', async () => {
    expect(await optionsOf('--config', fileOf('\ufeffnum-coats = 4'))).toMatchObject({ numCoats: 4 });
  });
});

describe('what a file may not say', () => {
  it.each([
    ['num-coat = 1', "Unknown key 'num-coat' in 'FILE'. Did you mean num-coats?"],
    ['numCoats = 1', "Unknown key 'numCoats' in 'FILE'. Did you mean num-coats?"],
    ['no-varnish = true', "Unknown key 'no-varnish' in 'FILE'. Did you mean varnish?"],
    [
      'epochs = 1',
      "Unknown key 'epochs' in 'FILE'. The keys are the flags that 'lxmert paint --help' lists.",
    ],
    [
      'config = "x"',
      "Unknown key 'config' in 'FILE'. The keys are the flags that 'lxmert paint --help' lists.",
    ],
    ['wall = "x"', "Unknown key 'wall' in 'FILE'. The keys are the flags that 'lxmert paint --help' lists."],
    [
      '[inside]\nx = 1',
      "Unknown key 'inside' in 'FILE'. Settings stand at the top level, outside of tables.",
    ],
    ['num-coats = 0', "'num-coats' in 'FILE' must be a whole number from 1 to 9, not '0'."],
    ['num-coats = 1.5', "'num-coats' in 'FILE' must be a whole number from 1 to 9, not '1.5'."],
    ['num-coats = "3"', "'num-coats' in 'FILE' must be a whole number from 1 to 9, not the text '3'."],
    ['num-coats = [3]', "'num-coats' in 'FILE' must be a whole number from 1 to 9, not a list."],
    [
      'num-coats = 1979-05-27',
      "'num-coats' in 'FILE' must be a whole number from 1 to 9, not the date 1979-05-27.",
    ],
    ['num-coats.x = 1', "'num-coats' in 'FILE' must be a whole number from 1 to 9, not a table."],
    ['dilution = inf', "'dilution' in 'FILE' must be a number above 0 and at most 1, not 'Infinity'."],
    ['dilution = nan', "'dilution' in 'FILE' must be a number above 0 and at most 1, not 'NaN'."],
    ['colour = "green"', "'colour' in 'FILE' must be one of red, blue, not 'green'."],
    ['colour = 1', "'colour' in 'FILE' must be one of red, blue, not '1'."],
    ['dry = "true"', "'dry' in 'FILE' must be true or false, not the text 'true'."],
    ['layers = 1', "'layers' in 'FILE' must be a list, as in layers = [1]; it is '1'."],
    [
      'layers = [1, "2"]',
      "'layers' in 'FILE' must be a list, each of it a whole number of at least 0, not the text '2'.",
    ],
    ['layers = [1, -2]', "'layers' in 'FILE' must be a whole number of at least 0, not '-2'."],
    ['layers = []', "'layers' in 'FILE' takes at least 1 value, and none is given."],
    ['room = "\\u0000"', 'A path holds a null character, which no name of a file has.'],
    ['room = ""', "'room' in 'FILE': there is no folder '' (looked in CWD)."],
    ['num-coats = 1\nnum-coats = 2', "'FILE', line 2, column 1 is not valid TOML: CAUSE."],
    ['num-coats = ', "'FILE', line 1, column 13 is not valid TOML: CAUSE."],
    ['num-coats = 99999999999999999999', "'FILE', line 1, column 13 is not valid TOML: CAUSE."],
  ])('%j', async (content, sentence) => {
    const found = (await refusal(content)).replace(process.cwd(), 'CWD');
    expect(found.replace(/(is not valid TOML: ).+\.$/, '$1CAUSE.')).toBe(sentence);
  });

  it.each([
    ['[1]', "'FILE' must hold one object of settings, not a list."],
    ['null', "'FILE' must hold one object of settings, not 'null'."],
    ['{"dry": null}', "'dry' in 'FILE' must be true or false, not 'null'."],
    ['{"layers": {}}', "'layers' in 'FILE' must be a list; it is a table."],
    [
      '{"__proto__": {"dry": true}}',
      "Unknown key '__proto__' in 'FILE'. Settings stand at the top level, outside of tables.",
    ],
    [
      '{"constructor": 1}',
      "Unknown key 'constructor' in 'FILE'. The keys are the flags that 'lxmert paint --help' lists.",
    ],
  ])('%s (JSON)', async (content, sentence) => {
    expect(await refusal(content, 'json')).toBe(sentence);
  });

  it('a path that is not there, taken from the folder of the file', async () => {
    expect(await refusal('room = "../rom"')).toBe(`'room' in 'FILE': there is no folder '${at('rom')}'.`);
  });

  it('JSON or text that is broken', async () => {
    expect(await refusal('{"dry": tru}', 'json')).toMatch(/^'FILE' is not valid JSON: .+\.$/);
    expect(await refusal(Buffer.from([0x64, 0xff]))).toContain("'FILE' is not text in UTF-8");
    expect(await refusal('dry: true', 'yaml')).toBe(
      "A configuration file ends in .toml or .json; 'FILE' does not.",
    );
    expect(await refusal(`# ${'x'.repeat(1 << 20)}`)).toContain('has at most 1048576 bytes');
  });

  it('long texts in a line that stays short', async () => {
    expect((await refusal(`${'k'.repeat(5000)} = 1`)).length).toBeLessThan(250);
    expect((await refusal(`num-coats = """${'\nv'.repeat(5000)}"""`)).length).toBeLessThan(250);
  });

  it('a wrong type even where a flag stands above it', async () => {
    expect(await refusal('dry = "no"', 'toml', '--dry')).toContain('must be true or false');
  });
});

describe('--config', () => {
  it('blames the flag where the flag is wrong', async () => {
    expect(await refusal('num-coats = 3', 'toml', '--num-coats', '11')).toBe(
      "--num-coats must be a whole number from 1 to 9, not '11'.",
    );
  });

  it('names both places where something is missing', async () => {
    const file = fileOf('');
    expect((await lxmert('shop', 'fail', '--config', file)).stderr).toContain(
      `--how (or 'how' in '${file}') is missing: one of failure, `,
    );
  });

  it('needs a file', async () => {
    const { stderr, exitCode } = await lxmert('paint', wall, '--config', at('none.toml'));
    expect([exitCode, stderr]).toEqual([2, `lxmert: --config: there is no file '${at('none.toml')}'.\n`]);
  });
});

describe('--print-config', () => {
  const flags = ['--num-coats', '3', '--brushes', at('odd "name"\t\\ \u00e9\x7f'), '--room', at('room')];

  it('prints what is in force and does not run', async () => {
    const { stdout, stderr, exitCode } = await lxmert('paint', wall, '--print-config', '--dry', '-n', '3');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout.replace(/version \S+/, 'version V')).toBe(
      [
        '# lxmert paint, version V',
        'num-coats = 3',
        'colour = "red"',
        'layers = [ 1, 2 ]',
        'dry = true',
        'varnish = true',
        '# Not set: dilution, brushes, room',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['toml', [], []],
    ['json', [], ['--json']],
    ['toml', ['--dilution', '5e-5', '--no-varnish', '--layers', '0,9007199254740991'], []],
    ['json', ['--dilution', '1e-300', '--dry', '--colour', 'blue'], ['--json']],
  ])('gives the same options back as --config (%s %j)', async (extension, more, form) => {
    const printed = await lxmert('paint', wall, ...flags, ...more, ...form, '--print-config');
    expect(printed.exitCode, printed.stderr).toBe(0);
    const file = fileOf(printed.stdout, extension);
    expect(await optionsOf('--config', file)).toEqual(await optionsOf(...flags, ...more));
    const again = await lxmert('paint', wall, '--config', file, ...form, '--print-config');
    expect(again.stdout).toBe(printed.stdout);
  });

  it('makes paths absolute, so that the text may be kept anywhere', async () => {
    const printed = await lxmert('paint', wall, '--brushes', 'brush', '--print-config');
    expect(printed.stdout).toContain(`brushes = [ "${path.resolve('brush')}" ]`);
  });

  it('lays flags over the file', async () => {
    const file = fileOf('num-coats = 3\ncolour = "blue"');
    const { stdout } = await lxmert('paint', wall, '--config', file, '-n', '4', '--print-config');
    expect(stdout).toContain('num-coats = 4\ncolour = "blue"\n');
  });

  it('refuses what the command would refuse', async () => {
    const { stdout, exitCode } = await lxmert('paint', wall, '--num-coats', '0', '--print-config');
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});
