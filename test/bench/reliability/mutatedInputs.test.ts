/** The driver of damaged inputs, its kinds of damage, and what it takes for a message that is not for a person. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { faultsOfMessage } from '../../../bench/reliability/messages.js';
import { mutateBytes } from '../../../bench/reliability/mutations/bytes.js';
import { mutateSafetensors, mutateZipMember } from '../../../bench/reliability/mutations/containers.js';
import { mutateJson, mutateJsonLines } from '../../../bench/reliability/mutations/json.js';
import { mutateCsv, mutateTsv } from '../../../bench/reliability/mutations/tables.js';
import { Random } from '../../../src/common/random.js';
import { needing } from '../../support/skips.js';

needing('program').describe('the driver', () => {
  it('tries a reader in a process of its own and prints what came of it', async () => {
    const words = ['dist/bench/mutatedInputs.js', '--inputs', '10', '--seed', '5', '--reader', 'JSON lines'];
    const driver = spawn(process.execPath, words, { stdio: 'pipe' });
    let said = '';
    for (const stream of [driver.stdout, driver.stderr])
      stream.on('data', (text) => {
        said += String(text);
      });
    const status = await new Promise((resolve) => driver.once('close', resolve));
    expect(status, said).toBe(0);
    expect(said).toMatch(/^\| questions, JSON lines \| 10 \| \d+ \| \d+ \| 0 \| \d+ MiB \|/m);
  }, 300_000);
});

describe('damage', () => {
  const whole = Buffer.from('{"a": [1, 2.5, "b\tc"], "d": {"e": null}}\n7,True\tQUJD\n');
  it.each([
    ['bytes', mutateBytes],
    ['JSON', mutateJson],
    ['JSON lines', mutateJsonLines],
    ['tables with tabs', mutateTsv],
    ['tables with commas', mutateCsv],
    ['zip members', mutateZipMember],
    ['safetensors', mutateSafetensors],
  ])('to %s is the same for the same seed, and leaves its input alone', (_, mutate) => {
    const before = Buffer.from(whole);
    const many = (seed: number): string[] => {
      const random = new Random(seed);
      return Array.from({ length: 200 }, () => mutate(whole, random).toString('latin1'));
    };
    expect(many(1)).toEqual(many(1));
    expect(many(1)).not.toEqual(many(2));
    expect(new Set(many(1)).size).toBeGreaterThan(50);
    expect(whole.equals(before)).toBe(true);
  });
});

describe('faultsOfMessage', () => {
  it.each([
    "x.json: line 3, key 'id': expected text, found nothing. Give --boxes.",
    "There is no file 'a/b.tsv'.",
    'The element is undefine.',
  ])('finds none in %j', (message) => {
    expect(faultsOfMessage(message)).toEqual([]);
  });

  it.each([
    "TypeError: Cannot read properties of null (reading 'x')",
    'a.json: Unexpected token } in JSON at position 3',
    'Invalid input: expected array, received object',
    "ENOENT: no such file or directory, open 'x'",
    'The shape is undefined.',
    'Unexpected failure: no.',
    'oh\n    at f (/x/y.js:1:2)',
    'a\u001b[31m',
    '',
    'x'.repeat(5000),
  ])('finds one in %j', (message) => {
    expect(faultsOfMessage(message)).not.toEqual([]);
  });
});
