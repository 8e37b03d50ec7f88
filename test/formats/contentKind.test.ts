import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentKindOf, readContentKind, readContentKindAsync } from '../../src/formats/contentKind.js';

describe('content by first bytes', () => {
  it.each([
    ['hdf5', '\x89HDF\r\n\x1a\n\x00\x00'],
    ['gzip', '\x1f\x8b\x08\x00'],
    ['zip', 'PK\x03\x04\x14\x00'],
    ['emptyZip', 'PK\x05\x06\x00\x00'],
    ['npy', '\x93NUMPY\x01\x00'],
    ['parquet', 'PAR1\x15\x04'],
    ['lmdb', `${'\x00'.repeat(16)}\xde\xc0\xef\xbe\x01\x00\x00\x00`],
    ['heic', '\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic'],
    ['avif', '\x00\x00\x00\x1cftypavif\x00\x00\x00\x00'],
    ['avif', '\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf'],
    ['heic', '\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic'],
    ['video', '\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  '],
    ['video', '\x1a\x45\xdf\xa3\x01\x00'],
    ['cameraRaw', '\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom'],
    ['cameraRaw', 'II*\x00\x10\x00\x00\x00CR\x02\x00'],
    // One entry: DNGVersion.
    ['cameraRaw', 'II*\x00\x08\x00\x00\x00\x01\x00\x12\xc6\x01\x00\x04\x00\x00\x00\x01\x04\x00\x00'],
    // PhotometricInterpretation 32803, the other byte order.
    ['cameraRaw', 'MM\x00*\x00\x00\x00\x08\x00\x01\x01\x06\x00\x03\x00\x00\x00\x01\x80\x23\x00\x00'],
    ['tiff', 'II*\x00\x08\x00\x00\x00\x01\x00\xfe\x00\x04\x00\x01\x00\x00\x00\x00\x00\x00\x00'],
    ['tiff', 'II*\x00\xf0\xff\xff\xff'],
    ['netpbm', 'P6\n# made by hand\n640 480\n255\n\xff\xd8\x00'],
    ['netpbm', 'P2 4 4 15 0 0'],
    ['jpeg2000', '\x00\x00\x00\x0cjP  \r\n\x87\n'],
    ['icon', '\x00\x00\x01\x00\x02\x00\x10\x10'],
    ['postScript', '%!PS-Adobe-3.0 EPSF-3.0'],
    ['bmp', 'BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00'],
    ['jpeg', '\xff\xd8\xff\xe0\x00\x10JFIF'],
    ['safetensors', '\x40\x00\x00\x00\x00\x00\x00\x00{"weight"'],
    ['pickle', '\x80\x02}q\x00'],
    ['pickle', '(dp1\nI262148\nI0\ns.'],
    ['matlab', 'MATLAB 5.0 MAT-file, Platform: GLNXA64'],
    ['matlab73', 'MATLAB 7.3 MAT-file, Platform: GLNXA64'],
    ['feather', 'FEA1\x00\x00\x00\x00'],
    // An empty record as TensorFlow writes it: length 0 and its checksum.
    ['tfRecord', '\x00\x00\x00\x00\x00\x00\x00\x00\x29\x03\x98\x07\xd8\xea\x82\xa2'],
    ['onnx', '\x08\x08\x12\x07pytorch\x1a\x05'],
    ['caffemodel', '\x0a\x03net\xa2\x06\x10'],
    ['binary', '\x0a\x03net\xff\x06\x10'],
    ['gitLfs', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n'],
    ['html', '<!DOCTYPE html><title>Sign in</title>'],
    ['svg', '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['jsonArray', '\xef\xbb\xbf[{"question_id": 1}]'],
    ['jsonArray', '[]'],
    ['jsonObject', '{"questions": []}'],
    ['utf16', '\xff\xfe[\x00{\x00'],
    ['text', 'COCO_val2014_000000262148\t480\t640\t'],
    ['text', 'BMW is a word\n'],
    ['zeros', '\x00'.repeat(64)],
    ['empty', ''],
    ['binary', '\x07\x03\x01\x02'],
  ])('%s', (kind, bytes) => {
    expect(contentKindOf(Buffer.from(bytes, 'latin1')).kind).toBe(kind);
  });

  it('gives a name that stands after "is"', () => {
    expect(contentKindOf(Buffer.from('PAR1', 'latin1')).name).toBe('a Parquet table');
  });
});

describe('a pipe', () => {
  it('is told without being opened, which would wait for a writer', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pipe-'));
    try {
      const pipe = path.join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      expect(readContentKind(pipe).kind).toBe('stream');
      expect((await readContentKindAsync(pipe)).name).toMatch(/^a pipe or a device/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
