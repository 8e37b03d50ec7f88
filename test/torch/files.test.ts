/** @file Mapped files, and what is said when the addon does not load. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { adviseMapped, mapFile, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { needing } from '../support/skips.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-torch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('mapFile', () => {
  const numbers = Float32Array.from({ length: 3000 }, (_, i) => i);
  const write = (prefix: number): string => {
    const file = path.join(folder, 'numbers');
    writeFileSync(file, Buffer.concat([Buffer.alloc(prefix), Buffer.from(numbers.buffer)]));
    return file;
  };

  for (const prefix of [0, 8, 4096, 5001]) {
    it(`reads a region that begins at byte ${prefix}`, () => {
      const file = write(prefix);
      scope(() => expect(mapFile(file, prefix, 3000, 'float32').toFloat32Array()).toEqual(numbers));
      scope(() =>
        expect(mapFile(file, prefix + 8000, 2, 'float32').data()).toEqual(numbers.slice(2000, 2002)),
      );
    });
  }

  it('takes advice about its bytes, none about others', () => {
    const file = write(4096);
    scope(() => {
      const mapped = mapFile(file, 4096, 3000, 'float32');
      adviseMapped(mapped, 'random', 0, 12_000);
      adviseMapped(mapped, 'willneed', 5000, 7000);
      adviseMapped(mapped, 'willneed', 12_000, 0);
      expect(mapped.toFloat32Array()).toEqual(numbers);
      expect(() => adviseMapped(mapped, 'willneed', 5000, 7001)).toThrow(
        'not within a tensor of 12000 bytes',
      );
      expect(() => adviseMapped(mapped, 'willneed', -1, 1)).toThrow('not within');
    });
  });

  it('keeps writes to itself', () => {
    const file = write(0);
    const before = readFileSync(file);
    scope(() => {
      const mapped = mapFile(file, 0, 3000, 'float32');
      ops.fill_(mapped, 1);
      expect(ops.sum(mapped).item()).toBe(3000);
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses regions past the end, negative ones, overflowing ones and missing files', () => {
    const file = write(0);
    expect(() => mapFile(file, 4, 3000, 'float32')).toThrow(/12000 bytes.*ends at byte 12004/);
    expect(() => mapFile(file, 20_000, 0, 'float32')).toThrow(/cut short/);
    expect(() => mapFile(file, -4, 1, 'float32')).toThrow(/negative/);
    expect(() => mapFile(file, 0, -1, 'float32')).toThrow(/negative/);
    expect(() => mapFile(file, 0, 2 ** 53, 'float64')).toThrow(/12000 bytes|63 bits/);
    expect(() => mapFile(path.join(folder, 'none'), 0, 1, 'float32')).toThrow(/none: No such file/);
  });

  it('gives an empty tensor for an empty region', () => {
    const file = write(0);
    scope(() => expect(mapFile(file, 12_000, 0, 'float32').shape).toEqual([0]));
  });
});

describe('an addon that does not load', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  async function messageFor(file: string): Promise<string> {
    vi.stubEnv('LXMERT_NATIVE', file);
    vi.resetModules();
    const { native } = await import('../../src/torch/native.js');
    try {
      native();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error(`${file} loaded`);
  }

  it('is missing', async () => {
    const file = path.join(folder, 'missing.node');
    expect(await messageFor(file)).toMatch(
      /is not built \(there is no .*missing\.node\): run '\.\/setup', which/,
    );
  });

  it('is no library', async () => {
    const file = path.join(folder, 'text.node');
    writeFileSync(file, 'not a library');
    expect(await messageFor(file)).toMatch(/text\.node did not load: .*Run '\.\/setup'/);
  });

  const compile = (name: string, source: string, ...flags: string[]): string => {
    const code = path.join(folder, `${name}.c`);
    const output = path.join(folder, name);
    writeFileSync(code, source);
    const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-o', output, code, ...flags]);
    expect(status, String(stderr)).toBe(0);
    return output;
  };

  needing('C compiler').it('needs a library that is gone', async () => {
    const gone = compile('libgone.so', 'int gone(void) { return 1; }');
    const file = compile('needs.node', 'int gone(void); int call(void) { return gone(); }', gone);
    rmSync(gone);
    expect(await messageFor(file)).toMatch(/libgone\.so was not found.*'\.\/setup' again/);
  });

  needing('C compiler').it('needs a symbol that no library has', async () => {
    const file = compile('symbol.node', 'extern int absent; int *place = &absent;');
    expect(await messageFor(file)).toMatch(/does not fit .*undefined symbol: absent.*Run '\.\/setup'/);
  });
});
