/** @file Every error of the system that a person can act on, as the system makes it where that can be had. */

import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { reportFailure } from '../../src/cli/failure.js';
import { writeFileAtomic } from '../../src/common/atomicFile.js';
import { unreadable } from '../../src/common/errors.js';
import { makeFolder } from '../../src/common/makeFolder.js';
import { aboutFile, systemFault } from '../../src/common/systemFault.js';

const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
}

const reported = (error: unknown): string => reportFailure(error, { debug: false, command: undefined }).text;

describe('an error of the system', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['nothing there', () => readFile(at('none')), /There is no '.*none'\./],
    [
      'a folder for a file',
      () => readFile(folder),
      /A file was expected, but the path is a folder|'.*' is a folder/,
    ],
    [
      'a file for a folder',
      () => {
        writeFileSync(at('file'), '');
        return readFile(at('file', 'inner'));
      },
      /A folder was expected on the way to '.*inner', but there is a file\./,
    ],
    [
      'links in a circle',
      () => {
        symlinkSync(at('b'), at('a'));
        symlinkSync(at('a'), at('b'));
        return readFile(at('a'));
      },
      /Symbolic links on the way to '.*a' lead in a circle/,
    ],
    [
      'a long name',
      () => writeFileAtomic(at('n'.repeat(300)), ''),
      /nnn\.\.\.' is too long a name for the file system/,
    ],
    ['a long path', () => makeFolder(at(...Array<string>(50).fill('n'.repeat(100)))), /is too long a name/],
    ['a folder that is there', () => mkdirSync(folder), /is there already\./],
    [
      'a full disk',
      () => {
        const descriptor = openSync('/dev/full', 'w');
        try {
          writeSync(descriptor, 'x');
        } catch (error) {
          throw aboutFile(error, 'store');
        } finally {
          closeSync(descriptor);
        }
      },
      /The disk is full while writing 'store'\. Free some space/,
    ],
  ])('is a sentence: %s', async (_name, work, sentence) => {
    const text = reported(await failureOf(work));
    expect(text).toMatch(sentence);
    expect(text).not.toMatch(/Unexpected|E[A-Z]{4,}/);
  });

  it.each(
    'EACCES EPERM EROFS ENOSPC EDQUOT EFBIG EMFILE ENFILE EBUSY EXDEV EINVAL ENOTSUP EIO ESTALE ENODEV ENXIO'.split(
      ' ',
    ),
  )('is a sentence with the way on: %s', (code) => {
    const error = Object.assign(new Error(`${code}: something, write`), { code });
    for (const each of [error, Object.assign(error, { path: '/data/x' })]) {
      const fault = systemFault(each);
      expect(fault?.exitCode).toBe(1);
      expect(fault?.sentence).toMatch(/^[A-Z'].*\.$/);
      expect(fault?.sentence).not.toContain(code);
      expect(unreadable('/data/x', each).message).toBe(systemFault(each, '/data/x')?.sentence);
    }
  });

  it('that nobody foresaw stays what it is', () => {
    expect(systemFault(Object.assign(new Error('x'), { code: 'EOWNERDEAD' }))).toBeUndefined();
    expect(systemFault(new Error('ENOSPC'))).toBeUndefined();
    // Of a module or a module's file, not of a file that somebody named.
    expect(systemFault(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeUndefined();
  });

  it('names the file that was to be written, not the temporary one', async () => {
    const target = at('taken');
    mkdirSync(path.join(target, 'inner'), { recursive: true });
    const text = reported(await failureOf(() => writeFileAtomic(target, 'x')));
    expect(text).toContain(`'${target}'`);
    expect(text).not.toContain('partial');
  });

  it('ends where a file system takes no folders, and names a file on the way', async () => {
    // Node's recursive mkdir never returns from /proc.
    expect(reported(await failureOf(() => makeFolder('/proc/lxmert/run')))).toMatch(
      /The folder '\/proc\/lxmert' cannot be made: the file system of '\/proc' takes none\.|There is no '\/proc'/,
    );
    writeFileSync(at('plain'), '');
    expect(reported(await failureOf(() => makeFolder(at('plain', 'run'))))).toContain('there is a file');
    makeFolder(at('some', 'new', 'folder'));
    makeFolder(at('some', 'new', 'folder'));
    expect(existsSync(at('some/new/folder'))).toBe(true);
  });
});
