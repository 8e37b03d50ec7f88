import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { imageIdOf } from '../../src/features/files.js';
import { listImageFiles } from '../../src/vision/imageFiles.js';
import { publishedPath } from '../support/published.js';

let top: string;
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'images-'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** What begins as a JPEG file does. */
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');

/** Makes files (the folders they need, too) and returns the path of the first. */
function make(...names: string[]): string {
  for (const name of names) {
    const file = path.join(top, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, /\.(txt|zip|md)$/.test(name) ? 'text' : JPEG);
  }
  return path.join(top, names[0] as string);
}

async function namesIn(...sources: string[]): Promise<string[]> {
  return (await listImageFiles(sources)).images.map(({ file }) => path.relative(top, file));
}

describe('ids', () => {
  it.each([
    ['train2014/COCO_train2014_000000132417.jpg', 'COCO_train2014_000000132417'],
    ['VG_100K_2/2375429.jpg', '2375429'],
    ['train/0/train-10171-0-img0.png', 'train-10171-0-img0'],
    ['dir.with.dots/a.b.c.jpg', 'a'],
    ['no extension', 'no extension'],
  ])('%s is %s', (file, id) => {
    expect(imageIdOf(file)).toBe(id);
  });

  it('a name that begins with a dot gives none', () => {
    expect(() => imageIdOf('folder/.jpg')).toThrow(/folder\/\.jpg gives no image id/);
  });

  it('two files of one id are refused with both paths, in one source or in two', async () => {
    make('a/7.jpg', 'b/7.png');
    const message = /Two images have the id '7': .*a\/7\.jpg and .*b\/7\.png\. An id is .* Rename one/;
    await expect(listImageFiles([top])).rejects.toThrow(message);
    const parts = [path.join(top, 'a', '7.jpg'), path.join(top, 'b')];
    await expect(listImageFiles(parts)).rejects.toThrow(message);
    await expect(listImageFiles(parts)).rejects.toBeInstanceOf(UsageError);
  });

  it('one file met twice, also by a link, is listed once', async () => {
    const file = make('a/7.jpg', 'a/8.jpg');
    symlinkSync(file, path.join(top, '7.jpg'));
    expect(await namesIn(file, path.join(top, 'a'), path.join(top, '7.jpg'))).toEqual(['a/7.jpg', 'a/8.jpg']);
  });
});

describe('folders', () => {
  it('are searched through, sorted by path, for pictures by their content', async () => {
    make(
      'b/10.jpg',
      'b/9.JPEG',
      'b/notes.txt',
      'a/deep/er/x.webp',
      'c.png',
      'B.tif',
      '.hidden.jpg',
      '.git/y.jpg',
    );
    make('b/._10.jpg', 'b/archive.jpg.zip');
    expect(await namesIn(top)).toEqual(['B.tif', 'a/deep/er/x.webp', 'b/10.jpg', 'b/9.JPEG', 'c.png']);
  });

  it('keep the order in which sources are named', async () => {
    make('b/1.jpg', 'a/2.jpg', 'odd.name');
    const sources = ['odd.name', 'b', 'a'].map((name) => path.join(top, name));
    expect(await namesIn(...sources)).toEqual(['odd.name', 'b/1.jpg', 'a/2.jpg']);
  });

  it('end where symbolic links lead back, and enter a linked folder once', async () => {
    make('a/1.jpg', 'a/b/2.jpg');
    symlinkSync(top, path.join(top, 'a', 'b', 'up'));
    symlinkSync('loop', path.join(top, 'loop'));
    const elsewhere = mkdtempSync(path.join(tmpdir(), 'elsewhere-'));
    try {
      writeFileSync(path.join(elsewhere, '3.jpg'), JPEG);
      symlinkSync(elsewhere, path.join(top, 'linked'));
      symlinkSync(elsewhere, path.join(top, 'again'));
      // By its own path rather than by a link that sorts before it.
      symlinkSync(path.join(top, 'a', 'b'), path.join(top, 'a', 'A'));
      const names = await namesIn(top);
      expect(names).toHaveLength(3);
      expect(names).toEqual(expect.arrayContaining(['a/1.jpg', 'a/b/2.jpg']));
      expect(names.map(imageIdOf).sort()).toEqual(['1', '2', '3']);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('list a link that leads nowhere, so that it is reported and not lost, and leave out pipes', async () => {
    symlinkSync('gone.jpg', path.join(top, 'dangling.jpg'));
    execFileSync('mkfifo', [path.join(top, 'pipe.jpg')]);
    expect(await namesIn(top)).toEqual(['dangling.jpg']);
  });

  it('without an image are refused', async () => {
    make('notes.txt');
    await expect(listImageFiles([top])).rejects.toThrow(
      /There is no picture in the folder .*JPEG, PNG, .*It holds 1 other file/,
    );
  });
});

describe('what is passed over', () => {
  const write = (name: string, text: string): void => {
    make(name);
    writeFileSync(path.join(top, name), Buffer.from(text, 'latin1'));
  };
  const HEIC = '\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic';

  it('is named by what it is: pictures of other kinds, what only calls itself one, other files, hidden ones', async () => {
    write('a.jpg', JPEG.toString('latin1'));
    write('b.heic', HEIC);
    // By content, whatever the name.
    write('sub/c', HEIC);
    write('d.jpg', '<!DOCTYPE html><title>Sign in</title>');
    write('e.png', '');
    write('notes.txt', 'text');
    write('list.json', '[1]');
    make('.DS_Store', 'sub/Thumbs.db', '.git/x.jpg');
    make('no ending');
    const listing = await listImageFiles([top]);
    const names = (files: readonly string[]): string[] => files.map((file) => path.relative(top, file));
    expect(names(listing.images.map(({ file }) => file))).toEqual(['a.jpg', 'no ending']);
    expect(listing.unreadable.map(({ id, kind }) => [id, kind])).toEqual([
      ['b', 'a HEIC picture'],
      ['d', 'a web page (HTML), as a download link that led to a login or an error leaves it'],
      ['e', 'empty (0 bytes)'],
      ['c', 'a HEIC picture'],
    ]);
    expect(listing.unreadable[0]?.reason).toBe(
      `${path.join(top, 'b.heic')} is a HEIC picture, which is not read here. Convert it to JPEG or PNG.`,
    );
    expect([...listing.others].map(([kind, files]) => [kind, names(files)])).toEqual([
      ['JSON text (a list)', ['list.json']],
      ['text', ['notes.txt']],
    ]);
    expect(names(listing.hidden).sort()).toEqual(['.DS_Store', '.git', 'sub/Thumbs.db']);
  });

  it('is no clash of ids where only one of two can be read', async () => {
    write('IMG_1.jpg', JPEG.toString('latin1'));
    write('IMG_1.heic', HEIC);
    const listing = await listImageFiles([top]);
    expect(listing.images.map(({ id }) => id)).toEqual(['IMG_1']);
    expect(listing.unreadable).toEqual([]);
    expect(listing.doubles.map(({ file }) => path.basename(file))).toEqual(['IMG_1.heic']);
  });
});

it('a source that is not there, or is no file, is refused', async () => {
  await expect(listImageFiles([path.join(top, 'none.jpg')])).rejects.toThrow(
    /There is no file or folder '.*none/,
  );
  await expect(listImageFiles([path.join(make('f.jpg'), 'x')])).rejects.toBeInstanceOf(UsageError);
  await expect(listImageFiles(['/dev/null'])).rejects.toThrow('/dev/null is neither a file nor a folder.');
});

it('finds the photos in folders by their names', async () => {
  const { images: photos } = await listImageFiles([publishedPath('images', 'cc0')]);
  expect(photos).toHaveLength(3);
  expect(photos.map(({ id }) => id)).toEqual(['chelsea', 'coffee', 'rocket']);
});
