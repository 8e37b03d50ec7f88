/** @file SHA-256 against a value of FIPS 180-4. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { sha256Of, sha256OfFile } from '../../src/formats/hashes/sha256.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-sha256-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, 'abc');
writeFileSync(file, 'abc');
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('SHA-256', () => {
  it('is that of the standard, of parts and of files', async () => {
    expect(sha256Of('abc')).toBe(abc);
    expect(sha256Of('a', Buffer.from('bc'))).toBe(abc);
    expect(await sha256OfFile(file)).toBe(abc);
  });

  it('of a file that is not there is wrong use; a reading that is ended gives the reason', async () => {
    await expect(sha256OfFile(path.join(folder, 'none'))).rejects.toThrow(UsageError);
    const reason = new Error('enough');
    await expect(sha256OfFile(file, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
