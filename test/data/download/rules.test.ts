import { describe, expect, it } from 'vitest';
import { looksLikeWebPage } from '../../../src/data/download/checks.js';
import { withMirrors } from '../../../src/data/download/mirrors.js';
import { checkAddress, nextAddress } from '../../../src/data/download/redirects.js';
import { growingWaitMs, MAX_WAIT_MS, retryAfterMs } from '../../../src/data/download/retryAfter.js';
import { parseContentRange } from '../../../src/data/download/transfer.js';
import { asTransferError } from '../../../src/data/download/transferError.js';

describe('redirects', () => {
  const from = (address: string, location: string | undefined, count = 0) =>
    nextAddress(new URL(address), location, count).href;

  it('lead on within http, within https, and from http up to https', () => {
    expect(from('http://a.test/x/y', '../z')).toBe('http://a.test/z');
    expect(from('https://a.test/x', '//b.test/y')).toBe('https://b.test/y');
    expect(from('http://a.test/x', 'https://a.test/x')).toBe('https://a.test/x');
  });

  it.each([
    ['https://a.test/x', 'http://a.test/x', 'from https to http'],
    ['https://a.test/x', 'http://b.test/', 'from https to http'],
    ['https://a.test/x', 'HTTP://a.test/', 'from https to http'],
    ['https://a.test/x', 'ftp://a.test/', 'scheme ftp:'],
    ['http://a.test/x', 'data:text/plain,x', 'scheme data:'],
    ['http://a.test/x', undefined, 'nowhere'],
    ['http://a.test/x', 'http://user:word@a.test/', 'name or password'],
  ])('%s may not lead to %s', (address, location, message) => {
    expect(() => from(address, location)).toThrow(message);
  });

  it('end after five', () => {
    expect(from('http://a.test/', '/b', 4)).toBe('http://a.test/b');
    expect(() => from('http://a.test/', '/b', 5)).toThrow('more than 5 times');
  });

  it('begin with http or https', () => {
    expect(() => checkAddress(new URL('file:///etc/passwd'))).toThrow('only http and https');
  });
});

describe('waits', () => {
  const now = Date.parse('Wed, 01 Jan 2025 00:00:00 GMT');
  it('read Retry-After as seconds or as a date', () => {
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs('Wed, 01 Jan 2025 00:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Tue, 31 Dec 2024 00:00:00 GMT', now)).toBe(0);
    expect(retryAfterMs('soon', now)).toBeUndefined();
    expect(retryAfterMs(undefined, now)).toBeUndefined();
  });

  it('double up to five minutes', () => {
    expect([1, 2, 3, 4].map((n) => growingWaitMs(n, 1000))).toEqual([1000, 2000, 4000, 8000]);
    expect(growingWaitMs(40, 1000)).toBe(MAX_WAIT_MS);
  });

  it('are for failures that may pass', () => {
    const remedyOf = (code: string) => asTransferError(Object.assign(new Error('x'), { code })).remedy;
    expect(['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EAI_AGAIN'].map(remedyOf)).toEqual(
      Array.from({ length: 4 }, () => 'later'),
    );
    expect(['ENOTFOUND', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'].map(remedyOf)).toEqual(
      Array.from({ length: 3 }, () => 'never'),
    );
  });
});

it.each([
  ['bytes 5-9/10', { start: 5, end: 9, total: 10 }],
  ['bytes 5-9/*', { start: 5, end: 9 }],
  ['bytes */10', { total: 10 }],
  ['bytes 9-5/10', undefined],
  ['bytes 5-10/10', undefined],
  ['items 5-9/10', undefined],
  ['bytes 5-9', undefined],
  ['bytes 5-99999999999999999999/*', undefined],
  [undefined, undefined],
])('the range %s', (text, expected) => {
  expect(parseContentRange(text)).toEqual(expected);
});

it.each([
  ['<html>', true],
  ['\xef\xbb\xbf<!DOCTYPE html>', true],
  ['\r\n\t<!-- a --> <!-- b -->\n<HEAD>', true],
  ['<?xml version="1.0"?>\n<!DOCTYPE html>', true],
  ['{"html": "<html>"}', false],
  ['PK\x03\x04<html>', false],
  ['<htmlx', false],
  ['', false],
])('%j as a web page: %s', (text, expected) => {
  expect(looksLikeWebPage(Buffer.from(text, 'latin1'))).toBe(expected);
});

describe('mirrors', () => {
  it('come first, with the path below them', () => {
    const mirrors = ['http://a.test/lxmert', 'https://b.test/x/'];
    expect(withMirrors(['https://c.test/f'], 'vqa/train.json', mirrors)).toEqual([
      'http://a.test/lxmert/vqa/train.json',
      'https://b.test/x/vqa/train.json',
      'https://c.test/f',
    ]);
  });

  it.each(['nonsense', 'ftp://a.test', 'http://a.test/?x=1', 'http://a.test/#x'])(
    '%s is refused',
    (mirror) => {
      expect(() => withMirrors([], 'x', [mirror])).toThrow(
        'A mirror is the http or https address of a folder',
      );
    },
  );
});
