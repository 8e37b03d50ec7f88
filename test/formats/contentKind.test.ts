import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { contentKindOf } from '../../src/formats/contentKind.js';

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
    ['bmp', 'BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00'],
    ['jpeg', '\xff\xd8\xff\xe0\x00\x10JFIF'],
    ['safetensors', '\x40\x00\x00\x00\x00\x00\x00\x00{"weight"'],
    ['pickle', '\x80\x02}q\x00'],
    ['pickle', '(dp1\nI262148\nI0\ns.'],
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
