import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FetchOptions, fetchFile } from '../../../src/data/download/fetchFile.js';
import { errorOf, temporaryFolder } from '../../features/support.js';
import { randomBytes, type Served, serveFile, startServer, type TestServer } from './server.js';

const root = temporaryFolder();
let numFolders = 0;
const quick: FetchOptions = { firstWaitMs: 1, stallMs: 5000 };
const content = randomBytes(300_000);
const other = randomBytes(300_000, 2);
const sha256 = createHash('sha256').update(content).digest('hex');

function newTarget(name = 'file.bin'): string {
  return path.join(root, `f${numFolders++}`, name);
}

function filesBeside(target: string): string[] {
  return existsSync(path.dirname(target)) ? readdirSync(path.dirname(target)).sort() : [];
}

/** Nothing but the file, byte for byte. */
function expectWhole(target: string, bytes = content): void {
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(filesBeside(target)).toEqual([path.basename(target)]);
}

/** The log without positions: a connection that breaks may take unread bytes with it. */
function shapeOf(server: TestServer): string[] {
  return server.log.map((line) => line.replace(/bytes=[1-9]\d*-/, 'bytes=N-'));
}

/** First byte that a request asked for. */
function startOf({ request }: Served): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
}

const serve = (answer: (served: Served) => void): Promise<TestServer> => startServer(answer);

describe('a good server', () => {
  it('gives the file, checked by its checksum, into a folder that is made', async () => {
    const server = await serve((served) => serveFile(served, content));
    const target = newTarget();
    const result = await fetchFile([server.url], target, { sha256, size: content.length }, quick);
    expect(result).toEqual({ numBytes: content.length, sha256, checked: 'sha256' });
    expectWhole(target);
    expect(server.requests[0]!.headers['accept-encoding']).toBe('identity');
  });

  it('is followed through redirects, and reports its progress', async () => {
    const server = await serve((served) => {
      if (served.request.url === '/file') serveFile(served, content);
      else served.response.writeHead(302, { location: '/file' }).end();
    });
    const target = newTarget();
    const seen: [number, number][] = [];
    const progress = { update: (done: number, total: number) => void seen.push([done, total]) };
    await fetchFile([`${server.url}/start`], target, {}, { ...quick, progress });
    expectWhole(target);
    expect(seen[0]).toEqual([0, content.length]);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
  });

  it('may send the file in chunks without a length', async () => {
    const server = await serve(({ response }) => {
      response.write(content.subarray(0, 100_000));
      response.end(content.subarray(100_000));
    });
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
  });
});

describe('broken connections', () => {
  it.each([
    ['with an ETag', '"v1"', {}],
    ['with a checksum instead of an ETag', undefined, { sha256 }],
  ])('several drops in a row end in the whole file, %s', async (_, etag, expected) => {
    const server = await serve((served) => serveFile(served, content, { etag, dropAfter: 70_000 }));
    const target = newTarget();
    await fetchFile([server.url], target, expected, { ...quick, numAttempts: 2 });
    expectWhole(target);
    expect(shapeOf(server).slice(0, 5)).toEqual(['/ -', ...Array.from({ length: 4 }, () => '/ bytes=N-')]);
    const starts = server.log.slice(1).map((line) => Number(/=(\d+)/.exec(line)?.[1]));
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
    if (etag !== undefined) expect(server.requests[1]!.headers['if-range']).toBe(etag);
  });

  it('without any means to tell versions apart, it begins anew', async () => {
    const server = await serve((served) =>
      serveFile(served, content, { dropAfter: served.number < 2 ? 70_000 : undefined }),
    );
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(server.log).toEqual(['/ -', '/ -', '/ -']);
  });

  it('a server that ignores ranges is read from the start, not appended', async () => {
    const server = await serve((served) =>
      serveFile(served, content, {
        etag: '"v1"',
        ignoreRange: true,
        dropAfter: served.number < 2 ? 70_000 : undefined,
      }),
    );
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(shapeOf(server)).toEqual(['/ -', '/ bytes=N-', '/ bytes=N-']);
  });

  it('gives up after the attempts, keeps the part, and says what each mirror did', async () => {
    const server = await serve((served) => {
      if (served.request.url === '/b') served.response.writeHead(404).end();
      else serveFile(served, content, { etag: '"v1"', dropAfter: served.number === 0 ? 70_000 : 0 });
    });
    const target = newTarget();
    const error = await errorOf(() =>
      fetchFile([`${server.url}/a`, `${server.url}/b`], target, {}, { ...quick, numAttempts: 3 }),
    );
    expect(error.exitCode).toBe(1);
    expect(error.message).toMatch(/The \d+ bytes at hand are kept/);
    expect(error.message).toMatch(/\/a (broke the connection off|failed: .*) \(3 attempts\)\./);
    expect(error.message).toContain(`${server.url}/b answered 404 Not Found.`);
    expect(filesBeside(target)).toEqual(['file.bin.part', 'file.bin.part.json']);
    server.answer = (served) => serveFile(served, content, { etag: '"v1"' });
    await fetchFile([`${server.url}/a`], target, {}, quick);
    expectWhole(target);
    expect(shapeOf(server).at(-1)).toBe('/a bytes=N-');
  });

  it('a stall ends the connection, not the download', async () => {
    const server = await serve((served) => {
      if (served.number > 0) return serveFile(served, content, { etag: '"v1"' });
      served.response.writeHead(200, { 'content-length': String(content.length), etag: '"v1"' });
      served.response.write(content.subarray(0, 1000));
    });
    const target = newTarget();
    const notices: string[] = [];
    await fetchFile(
      [server.url],
      target,
      {},
      {
        ...quick,
        stallMs: 150,
        notice: (line) => void notices.push(line),
      },
    );
    expectWhole(target);
    expect(shapeOf(server)).toEqual(['/ -', '/ bytes=N-']);
    expect(notices[0]).toContain('sent nothing for 0.15 seconds; trying again in 0.001 s.');
  });

  it('a server that never answers is a stall, too', async () => {
    const server = await serve((served) => {
      if (served.number > 0) serveFile(served, content);
    });
    const target = newTarget();
    await fetchFile([server.url], target, {}, { ...quick, stallMs: 150 });
    expectWhole(target);
  });

  it('nobody listening is said', async () => {
    const error = await errorOf(() =>
      fetchFile(['http://127.0.0.1:1/x'], newTarget(), {}, { ...quick, numAttempts: 2 }),
    );
    expect(error.message).toMatch(/127\.0\.0\.1:1\/x failed: .*ECONNREFUSED.* \(2 attempts\)\./);
  });
});

describe('a file that changed midway', () => {
  it.each([
    ['the server answers 200 because of If-Range', false],
    ['the server goes on with 206 of the new file', true],
  ])('is fetched anew: %s', async (_, ignoresIfRange) => {
    const server = await serve((served) => {
      if (served.number === 0) return serveFile(served, other, { etag: '"old"', dropAfter: 70_000 });
      if (ignoresIfRange) delete served.request.headers['if-range'];
      serveFile(served, content, { etag: '"new"' });
    });
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(server.requests[1]!.headers.range).toMatch(/^bytes=\d+-$/);
  });

  it('of another length is fetched anew although the server has no ETag', async () => {
    const longer = randomBytes(300_001, 3);
    const server = await serve((served) =>
      served.number === 0 ? serveFile(served, other, { dropAfter: 70_000 }) : serveFile(served, longer),
    );
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target, longer);
  });

  it('shows in the checksum, and is then fetched from its first byte', async () => {
    const server = await serve((served) =>
      served.number === 0 ? serveFile(served, other, { dropAfter: 70_000 }) : serveFile(served, content),
    );
    const target = newTarget();
    await errorOf(() => fetchFile([server.url], target, { sha256 }, { ...quick, numAttempts: 1 }));
    expect(filesBeside(target)).toContain('file.bin.part');
    await fetchFile([server.url], target, { sha256 }, quick);
    expectWhole(target);
    expect(shapeOf(server)).toEqual(['/ -', '/ bytes=N-', '/ -']);
  });
});

describe('odd answers to a range', () => {
  const beginning = 70_000;
  async function resumed(answer: (served: Served) => void): Promise<{ target: string; shape: string[] }> {
    const server = await serve((served) => {
      if (served.number === 0) serveFile(served, content, { etag: '"v1"', dropAfter: beginning });
      else if (served.number === 1) answer(served);
      else serveFile(served, content, { etag: '"v1"' });
    });
    const target = newTarget();
    await fetchFile([server.url], target, {}, quick);
    return { target, shape: shapeOf(server) };
  }

  it.each<[string, (start: number) => string | undefined]>([
    ['another range', (start) => `bytes ${start - 1}-299998/300000`],
    ['another total', (start) => `bytes ${start}-299999/400000`],
    ['no range', () => undefined],
    ['nonsense', () => 'bytes 9-3/x'],
    ['a length that does not fit the range', (start) => `bytes ${start}-${start + 1}/300000`],
  ])('206 with %s begins anew', async (_, rangeAt) => {
    const { target, shape } = await resumed((served) => {
      const start = startOf(served);
      const contentRange = rangeAt(start);
      served.response.writeHead(206, {
        etag: '"v1"',
        'content-length': String(300_000 - start),
        ...(contentRange === undefined ? {} : { 'content-range': contentRange }),
      });
      served.response.end(other.subarray(start));
    });
    expectWhole(target);
    expect(shape).toEqual(['/ -', '/ bytes=N-', '/ -']);
  });

  it('206 with less than the rest is followed by the rest', async () => {
    const { target, shape } = await resumed((served) => {
      const start = startOf(served);
      served.response.writeHead(206, {
        etag: '"v1"',
        'content-length': '10000',
        'content-range': `bytes ${start}-${start + 9999}/300000`,
      });
      served.response.end(content.subarray(start, start + 10_000));
    });
    expectWhole(target);
    expect(shape).toEqual(['/ -', '/ bytes=N-', '/ bytes=N-']);
  });

  it('416 with another length begins anew', async () => {
    const { target, shape } = await resumed(({ response }) => {
      response.writeHead(416, { 'content-range': 'bytes */5' }).end();
    });
    expectWhole(target);
    expect(shape).toEqual(['/ -', '/ bytes=N-', '/ -']);
  });

  it('416 for a part that is whole ends the download', async () => {
    const server = await serve((served) => serveFile(served, content, { etag: '"v1"' }));
    const target = newTarget();
    mkdirSync(path.dirname(target));
    writeFileSync(`${target}.part`, content);
    // The first answer came in chunks and did not say how long the file is.
    const state = { url: server.url, etag: '"v1"', lastModified: null, size: null };
    writeFileSync(`${target}.part.json`, JSON.stringify(state));
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(server.log).toEqual(['/ bytes=300000-']);
  });
});

describe('servers that lie', () => {
  it('a length that is too long is a broken connection', async () => {
    const server = await serve(({ response }) => {
      response.writeHead(200, { 'content-length': '400000' });
      response.write(content, () => response.socket?.end());
    });
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, {}, { ...quick, numAttempts: 2 }));
    expect(error.message).toContain('broke the connection off');
    expect(existsSync(target)).toBe(false);
  });

  it('a length that is too short shows in what comes after it', async () => {
    const server = await serve(({ request }) => {
      request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      request.socket.end(content);
    });
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, {}, quick));
    expect(error.message).toContain('sent more than the length it announced');
    expect(filesBeside(target)).toEqual([]);
  });

  it('a length that is too short and kept to shows in the cut file', async () => {
    const whole = JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ question_id: i })));
    const server = await serve((served) => serveFile(served, Buffer.from(whole.slice(0, 1000))));
    const target = newTarget('train.json');
    const error = await errorOf(() => fetchFile([server.url], target, {}, quick));
    expect(error.message).toContain('gave a file that ends in the middle of its JSON');
    expect(filesBeside(target)).toEqual([]);
  });

  it('a length unlike the known size is refused before anything is written', async () => {
    const server = await serve((served) => serveFile(served, content));
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, { size: 299_999 }, quick));
    expect(error.message).toContain('has a file of 300000 bytes instead of 299999');
    expect(filesBeside(target)).toEqual([]);
  });

  it('more bytes than the known size, in chunks, are refused', async () => {
    const server = await serve(({ response }) => void response.end(content));
    server.answer = ({ response }) => {
      response.write(content);
      response.end();
    };
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, { size: 1000 }, quick));
    expect(error.message).toContain('sent more than the 1000 bytes');
    expect(filesBeside(target)).toEqual([]);
  });

  it('an answer that ends with its connection is refused when nothing else tells its length', async () => {
    const server = await serve(({ request }) => {
      request.socket.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), content]));
    });
    const error = await errorOf(() => fetchFile([server.url], newTarget(), {}, quick));
    expect(error.message).toContain('does not say how long the file is');
    const target = newTarget();
    await fetchFile([server.url], target, { sha256 }, quick);
    expectWhole(target);
  });

  it('a wrong checksum leaves nothing, and says both', async () => {
    const server = await serve((served) => serveFile(served, other));
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, { sha256 }, quick));
    expect(error.message).toContain(`instead of ${sha256}; it was thrown away`);
    expect(filesBeside(target)).toEqual([]);
    expect(server.log).toEqual(['/ -']);
  });

  it.each([
    ['by its type', 'text/html; charset=utf-8', 'hello'],
    ['by its first bytes', 'application/octet-stream', '\n <!DOCTYPE HTML><p>Sign in'],
    ['by its first bytes, long', 'application/zip', `<!-- x --><html>${' '.repeat(5000)}`],
  ])('a web page is refused %s', async (_, type, text) => {
    const server = await serve((served) => serveFile(served, Buffer.from(text), { type }));
    const target = newTarget();
    const error = await errorOf(() => fetchFile([server.url], target, {}, quick));
    expect(error.message).toContain('sent a web page (HTML) instead of the file');
    expect(filesBeside(target)).toEqual([]);
  });

  it('an encoded body is refused', async () => {
    const server = await serve(({ response }) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': '3' }).end('abc');
    });
    const error = await errorOf(() => fetchFile([server.url], newTarget(), {}, quick));
    expect(error.message).toContain('sent the file encoded (gzip)');
  });

  it.each([
    ['cut.json', '[{"a": 1}, {"b"', 'ends in the middle of its JSON'],
    ['cut.zip', 'PK\x03\x04 and so on', 'is not a whole zip archive'],
    ['empty.bin', '', 'is empty'],
  ])('%s with nothing known of it is recognized by its form', async (name, text, problem) => {
    const server = await serve((served) => serveFile(served, Buffer.from(text)));
    const target = newTarget(name);
    const error = await errorOf(() => fetchFile([server.url], target, {}, quick));
    expect(error.message).toContain(problem);
    expect(filesBeside(target)).toEqual([]);
  });
});

describe('mirrors, waits and redirects', () => {
  it('a 404 leads to the next mirror at once', async () => {
    const server = await serve((served) => {
      if (served.request.url === '/gone') served.response.writeHead(404).end('no');
      else serveFile(served, content);
    });
    const target = newTarget();
    await fetchFile([`${server.url}/gone`, `${server.url}/here`], target, {}, quick);
    expectWhole(target);
    expect(server.log).toEqual(['/gone -', '/here -']);
  });

  it('bytes of one mirror are continued from another only when the checksum is known', async () => {
    for (const expected of [{ sha256 }, {}]) {
      const server = await serve((served) => {
        if (served.number > 0) return serveFile(served, content, { etag: '"b"' });
        serveFile(served, content, { etag: '"a"', dropAfter: 70_000 });
      });
      const target = newTarget();
      const settings = { ...quick, numAttempts: 1 };
      await fetchFile([`${server.url}/a`, `${server.url}/b`], target, expected, settings);
      expectWhole(target);
      expect(shapeOf(server)[1]).toBe('sha256' in expected ? '/b bytes=N-' : '/b -');
      expect(server.requests[1]!.headers['if-range']).toBeUndefined();
    }
  });

  it('503 with Retry-After waits as long as asked, 500 as long as it chooses', async () => {
    const server = await serve((served) => {
      if (served.number === 0) served.response.writeHead(503, { 'retry-after': '0' }).end();
      else if (served.number < 3) served.response.writeHead(500).end();
      else serveFile(served, content);
    });
    const target = newTarget();
    const notices: string[] = [];
    const notice = (line: string) => void notices.push(line);
    await fetchFile([server.url], target, {}, { ...quick, firstWaitMs: 3, notice });
    expectWhole(target);
    expect(notices.map((line) => /answered (\d+).*again in ([\d.]+) s/.exec(line)?.slice(1))).toEqual([
      ['503', '0'],
      ['500', '0.006'],
      ['500', '0.012'],
    ]);
  });

  it('429 that asks for an hour leads to the next mirror', async () => {
    const server = await serve((served) => {
      if (served.number === 0) served.response.writeHead(429, { 'retry-after': '3600' }).end();
      else serveFile(served, content);
    });
    const target = newTarget();
    await fetchFile([`${server.url}/a`, `${server.url}/b`], target, {}, quick);
    expect(server.log).toEqual(['/a -', '/b -']);
    expectWhole(target);
  });

  it.each([
    ['a loop', '/loop', 'redirects more than 5 times'],
    ['another scheme', 'file:///etc/passwd', 'has the scheme file:'],
    ['nonsense', 'http://', "redirects to 'http://'"],
  ])('a redirect to %s is refused', async (_, location, message) => {
    const server = await serve(({ response }) => response.writeHead(301, { location }).end());
    const error = await errorOf(() => fetchFile([`${server.url}/loop`], newTarget(), {}, quick));
    expect(error.message).toContain(message);
    expect(server.log.length).toBe(location === '/loop' ? 6 : 1);
  });

  it('other schemes are refused from the start', async () => {
    const error = await errorOf(() => fetchFile(['ftp://127.0.0.1/x'], newTarget(), {}, quick));
    expect(error.message).toContain('has the scheme ftp:, and only http and https are used');
  });
});

describe('interruption', () => {
  it('keeps the part, and the next run gives identical bytes', async () => {
    const server = await serve((served) => {
      if (served.number > 0) return serveFile(served, content, { etag: '"v1"' });
      served.response.writeHead(200, { 'content-length': String(content.length), etag: '"v1"' });
      served.response.write(content.subarray(0, 70_000));
    });
    const target = newTarget();
    const controller = new AbortController();
    const progress = { update: (done: number) => void (done >= 70_000 && controller.abort()) };
    const settings = { ...quick, progress, signal: controller.signal };
    const error = await errorOf(() => fetchFile([server.url], target, {}, settings));
    expect(error).toBe(controller.signal.reason);
    expect(filesBeside(target)).toEqual(['file.bin.part', 'file.bin.part.json']);
    const result = await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(result.sha256).toBe(sha256);
    expect(shapeOf(server)).toEqual(['/ -', '/ bytes=N-']);
  });

  it('during a wait ends at once', async () => {
    const server = await serve(({ response }) => response.writeHead(503, { 'retry-after': '200' }).end());
    const controller = new AbortController();
    const notice = () => controller.abort();
    const settings = { ...quick, notice, signal: controller.signal };
    const error = await errorOf(() => fetchFile([server.url], newTarget(), {}, settings));
    expect(error.name).toBe('AbortError');
  });

  it('right before the end needs no server', async () => {
    const target = newTarget();
    const server = await serve((served) => serveFile(served, content, { dropAfter: 70_000, etag: '"v1"' }));
    await errorOf(() => fetchFile([server.url], target, {}, { ...quick, numAttempts: 1 }));
    writeFileSync(`${target}.part`, content);
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
    expect(server.log).toHaveLength(1);
  });

  it('a part without its note, or with a broken one, is not built upon', async () => {
    for (const note of [undefined, '{"url": 1}', 'x']) {
      const server = await serve((served) => serveFile(served, content, { etag: '"v1"' }));
      const target = newTarget();
      await errorOf(() => fetchFile([`${server.url}`], target, { size: 1 }, quick));
      writeFileSync(`${target}.part`, other.subarray(0, 5000));
      if (note !== undefined) writeFileSync(`${target}.part.json`, note);
      await fetchFile([server.url], target, { sha256 }, quick);
      expectWhole(target);
    }
  });

  it('a lock of a living process is respected, that of a dead one is not', async () => {
    const server = await serve((served) => serveFile(served, content));
    const target = newTarget();
    await errorOf(() => fetchFile([server.url], target, { size: 1 }, quick));
    writeFileSync(`${target}.part.lock`, `${process.ppid}\n`);
    const error = await errorOf(() => fetchFile([server.url], target, {}, quick));
    expect(error.message).toContain(`by another process (number ${process.ppid})`);
    writeFileSync(`${target}.part.lock`, '999999999\n');
    await fetchFile([server.url], target, {}, quick);
    expectWhole(target);
  });
});

it('a disk without room is said before anything is written', async () => {
  const server = await serve((served) => serveFile(served, content));
  const target = newTarget();
  const freeBytes = async () => 64 * 1024 * 1024 + 299_999;
  const error = await errorOf(() => fetchFile([server.url], target, {}, { ...quick, freeBytes }));
  expect(error.message).toMatch(/^file\.bin: 300 kB are needed in .*f\d+, and its disk has 67\.4 MB free\./);
  expect(filesBeside(target)).toEqual([]);
  await fetchFile([server.url], target, {}, { ...quick, freeBytes: async () => 64 * 1024 * 1024 + 300_000 });
  expectWhole(target);
});
