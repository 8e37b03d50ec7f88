import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { hubNameOf } from '../../src/common/hubName.js';
import { type FetchModelOptions, locateModel, planModel } from '../../src/hub/fetchModel.js';
import { findCached, hubOriginOf } from '../../src/hub/hubCache.js';
import { type HubSettings, hubSettings } from '../../src/hub/hubSettings.js';
import { randomBytes } from '../data/download/server.js';
import { compileFolders } from '../features/compiled.js';
import { temporaryFolder } from '../features/support.js';
import { etagOf, type HubModel, startHub } from './hubServer.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';
const weights = randomBytes(300_000, 7);
const files = {
  '.gitattributes': Buffer.from('*.bin filter=lfs'),
  'README.md': Buffer.from('# A model'),
  'config.json': Buffer.from('{"model_type": "lxmert"}'),
  'pytorch_model.bin': weights,
  'tf_model.h5': randomBytes(5000, 8),
  'vocab.txt': Buffer.from('[PAD]\n[UNK]\n'),
};
const MODEL: HubModel = { commit: COMMIT, files, revisions: { 'refs/pr/1': OTHER, v1: OTHER } };
const NAME = { name: 'org/small', revision: undefined };

const root = temporaryFolder();
let cache = '';
let numCaches = 0;
beforeEach(() => {
  cache = path.join(root, `cache-${numCaches++}`);
});

const hub = await startHub();
beforeEach(() => {
  hub.models.clear();
  hub.models.set('org/small', MODEL);
  hub.interfere = () => false;
  hub.serving = () => ({ etag: '"storage"' });
  hub.log.length = 0;
  hub.tokens.length = 0;
});

const settingsOf = (more: Partial<HubSettings> = {}): HubSettings => ({
  endpoint: hub.url,
  cache,
  isOffline: false,
  token: undefined,
  tokenFrom: undefined,
  ...more,
});
const optionsOf = (
  more: Partial<HubSettings> = {},
  rest: Partial<FetchModelOptions> = {},
): FetchModelOptions => ({
  settings: settingsOf(more),
  firstWaitMs: 1,
  stallMs: 2000,
  ...rest,
});
const locate = (more?: Partial<HubSettings>, rest?: Partial<FetchModelOptions>, name = NAME) =>
  locateModel(name, optionsOf(more, rest));

async function errorOf(work: Promise<unknown>): Promise<LxmertError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LxmertError);
  return error as LxmertError;
}

const at = (...parts: string[]): string => path.join(cache, 'models--org--small', ...parts);

describe('a model that is not in the cache', () => {
  it("is fetched into the layout of Python's programs, and found there without the hub", async () => {
    const found = await locate();
    expect(found).toEqual({
      name: 'org/small',
      commit: COMMIT,
      folder: at('snapshots', COMMIT),
      weightsFile: at('snapshots', COMMIT, 'pytorch_model.bin'),
      path: at('snapshots', COMMIT),
    });
    expect(readFileSync(at('refs/main'), 'utf8')).toBe(COMMIT);
    const wanted = ['config.json', 'pytorch_model.bin', 'vocab.txt'] as const;
    expect(readdirSync(found.folder).sort()).toEqual(wanted);
    for (const name of wanted) {
      // Relative, so that the cache can be moved.
      expect(readlinkSync(path.join(found.folder, name))).toBe(`../../blobs/${etagOf(files[name])}`);
      expect(readFileSync(path.join(found.folder, name)).equals(files[name])).toBe(true);
    }
    expect(readdirSync(at('blobs')).sort()).toEqual(wanted.map((name) => etagOf(files[name])).sort());
    const numRequests = hub.log.length;
    expect(await locate()).toEqual(found);
    expect(await locate({ isOffline: true, endpoint: 'http://127.0.0.1:1' })).toEqual(found);
    expect(hub.log).toHaveLength(numRequests);
    expect(hubOriginOf(found.weightsFile as string)).toEqual({ name: 'org/small', commit: COMMIT });
  });

  it('is said with its size before anything is fetched', async () => {
    const plan = await planModel(NAME, optionsOf());
    expect(plan.missing.map((file) => file.path)).toEqual(['config.json', 'vocab.txt', 'pytorch_model.bin']);
    expect(plan.numBytes).toBe(weights.length + files['config.json'].length + files['vocab.txt'].length);
    expect(existsSync(cache)).toBe(false);
  });

  it('is pinned by a revision: a branch, a tag, a commit', async () => {
    hub.models.set('org/small', { ...MODEL, revisions: { 'refs/pr/1': OTHER, v1: OTHER, [OTHER]: OTHER } });
    for (const revision of ['v1', 'refs/pr/1', OTHER]) {
      expect((await locate({}, {}, { name: 'org/small', revision } as never)).commit).toBe(OTHER);
    }
    expect(readFileSync(at('refs/refs/pr/1'), 'utf8')).toBe(OTHER);
    expect(readdirSync(at('refs')).sort()).toEqual(['refs', 'v1']);
    const error = await errorOf(locate({}, {}, { name: 'org/small', revision: 'v9' } as never));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`org/small on ${hub.url} has no revision 'v9'.`);
  });

  it("takes what Python's programs left, and fetches the rest alone", async () => {
    mkdirSync(at('blobs'), { recursive: true });
    mkdirSync(at('snapshots', COMMIT), { recursive: true });
    writeFileSync(at('blobs', etagOf(weights)), weights);
    symlinkSync(`../../blobs/${etagOf(weights)}`, at('snapshots', COMMIT, 'pytorch_model.bin'));
    // A link whose content was cleared away.
    symlinkSync('../../blobs/gone', at('snapshots', COMMIT, 'vocab.txt'));
    await locate();
    expect(hub.log.some((line) => line.startsWith('storage'))).toBe(false);
    expect(readFileSync(at('snapshots', COMMIT, 'vocab.txt')).equals(files['vocab.txt'])).toBe(true);
  });

  it('may come in parts, or in other forms', async () => {
    const part = (i: number): string => `model-0000${i}-of-00002.safetensors`;
    const index = Buffer.from('{"weight_map": {}}');
    const inParts = {
      'model.safetensors.index.json': index,
      [part(1)]: weights,
      [part(2)]: weights,
      ...files,
    };
    hub.models.set('org/small', { ...MODEL, files: inParts });
    expect((await locate()).weightsFile).toBe(at('snapshots', COMMIT, 'model.safetensors.index.json'));
    expect(readdirSync(at('snapshots', COMMIT))).toContain(part(2));
    const { [part(2)]: _, ...without } = inParts as Record<string, Buffer>;
    hub.models.set('org/small', { ...MODEL, commit: OTHER, files: without });
    rmSync(at('refs/main'));
    expect((await locate()).weightsFile).toBe(at('snapshots', OTHER, 'pytorch_model.bin'));
    hub.models.set('org/one', { ...MODEL, files: { 'Epoch20_LXRT.pth': weights } });
    const { path: alone } = await locate({}, {}, { name: 'org/one', revision: undefined });
    expect(alone).toMatch(/Epoch20_LXRT\.pth$/);
    const graph = randomBytes(2000, 9);
    const exported = {
      'lxmert.json': Buffer.from('{}'),
      'onnx/model.onnx': graph,
      'model.safetensors': weights,
    };
    hub.models.set('org/exported', { ...MODEL, files: exported });
    const folder = await locate({}, {}, { name: 'org/exported', revision: undefined });
    expect([folder.path, folder.weightsFile]).toEqual([folder.folder, undefined]);
    expect(readdirSync(folder.folder).sort()).toEqual(['lxmert.json', 'onnx']);
    expect(readFileSync(path.join(folder.folder, 'onnx/model.onnx')).equals(graph)).toBe(true);
  });
});

describe('a token', () => {
  const token = 'hf_secret';
  const given = { token, tokenFrom: 'HF_TOKEN' };

  it('goes to the hub and never to the host that keeps its files', async () => {
    hub.models.set('org/small', { ...MODEL, token });
    await locate(given);
    expect(hub.tokens.some(({ host }) => host === 'storage')).toBe(true);
    for (const { host, token: sent } of hub.tokens) {
      expect([host, sent]).toEqual([host, host === 'api' ? `Bearer ${token}` : undefined]);
    }
  });

  it('goes to no hub over a connection that others can read', async () => {
    const { authorization } = await import('../../src/hub/hubRequest.js');
    expect(authorization(settingsOf({ ...given, endpoint: 'http://hub.example.org' }))).toEqual({});
    expect(authorization(settingsOf({ ...given, endpoint: 'https://hub.example.org' }))).toEqual({
      authorization: `Bearer ${token}`,
    });
  });

  it('that is missing or not enough is said', async () => {
    hub.models.set('org/small', { ...MODEL, token });
    const without = await errorOf(locate());
    expect(without.exitCode).toBe(2);
    expect(without.message).toBe(
      `There is no file or folder 'org/small' here, and ${hub.url} has no model of that name that may be read without a token (HF_TOKEN).`,
    );
    const other = await errorOf(locate({ token: 'hf_other', tokenFrom: '/home/me/token' }));
    expect(other.message).toMatch(/may be read with the token of \/home\/me\/token\.$/);
    hub.interfere = ({ response }) => response.writeHead(401).end() !== undefined;
    expect((await errorOf(locate(given))).message).toBe(`${hub.url} does not accept the token of HF_TOKEN.`);
  });

  it('does not open a gated model by itself', async () => {
    hub.models.set('org/small', { ...MODEL, isGated: true });
    const error = await errorOf(locate(given));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(
      `config.json of org/small cannot be fetched. org/small is gated: its makers ask for an agreement first. Accept it at ${hub.url}/org/small`,
    );
  });
});

describe('a hub that fails', () => {
  it('for a while is asked again, after the time it asks for', async () => {
    const notices: string[] = [];
    hub.interfere = ({ response, number }) => {
      if (number % 2 === 1) return false;
      response.writeHead(number % 4 === 0 ? 429 : 503, { 'retry-after': '0' }).end();
      return true;
    };
    await locate({}, { notice: (line) => notices.push(line) });
    expect(notices.join('\n')).toMatch(/answered 429; trying again in 0 s\.[\s\S]*answered 503/);
  });

  it('for a while is asked again for a file too, whatever reason it names', async () => {
    let numFailures = 0;
    hub.interfere = ({ request, response }) => {
      if (request.url?.endsWith('/vocab.txt') !== true || numFailures++ > 0) return false;
      return response.writeHead(503, { 'x-error-code': 'GatedRepo' }).end() !== undefined;
    };
    await locate();
    expect(numFailures).toBe(2);
  });

  it('for long is said: too many requests, a fault, no connection', async () => {
    hub.interfere = ({ response }) => response.writeHead(429).end() !== undefined;
    const busy = await errorOf(locate({}, { numAttempts: 2 }));
    expect(busy.message).toMatch(
      /answered 429 when asked for org\/small\. It had too many requests; .* \(HF_TOKEN\)/,
    );
    hub.interfere = ({ response }) => response.writeHead(500).end() !== undefined;
    expect((await errorOf(locate({}, { numAttempts: 2 }))).message).toContain(
      'answered 500 when asked for org/small',
    );
    const gone = await errorOf(locate({ endpoint: 'http://127.0.0.1:1' }, { numAttempts: 1 }));
    expect(gone.message).toMatch(
      /^There is no file or folder 'org\/small' here, nor .* in the cache \(.*\), and the hub http:\/\/127\.0\.0\.1:1 failed: /,
    );
  });

  it('is no hub at all', async () => {
    for (const body of ['<!doctype html>', '{"id": "x"}', '[]', 'null', '{"sha": "main"}']) {
      hub.interfere = ({ response }) => response.writeHead(200).end(body) !== undefined;
      expect((await errorOf(locate())).message).toMatch(/does not answer as a hub does/);
    }
  });
});

describe('what a hub sends', () => {
  it('goes on where the connection was cut', async () => {
    let numServed = 0;
    hub.serving = () => ({ etag: '"storage"', dropAfter: numServed++ === 0 ? 100_000 : undefined });
    const { folder } = await locate();
    expect(readFileSync(path.join(folder, 'pytorch_model.bin')).equals(weights)).toBe(true);
    expect(hub.log.filter((line) => line.startsWith('storage')).map((line) => line.split(' ')[2])).toEqual([
      undefined,
      'bytes=100000-',
    ]);
  });

  it('is kept at an interrupt and gone on from by the next, as planned', async () => {
    const interrupt = new AbortController();
    hub.interfere = ({ response, request }, host) => {
      if (host === 'api' || request.headers.range !== undefined) return false;
      response.writeHead(200, { 'content-length': String(weights.length), etag: '"storage"' });
      response.write(weights.subarray(0, 120_000), () => setTimeout(() => interrupt.abort(), 100));
      return true;
    };
    await expect(locate({}, { signal: interrupt.signal })).rejects.toThrow('aborted');
    expect(findCached(cache, NAME)).toBeUndefined();
    expect((await planModel(NAME, optionsOf())).numBytesHere).toBe(120_000);
    await locate();
    expect(hub.log.at(-1)).toContain('bytes=120000-');
    expect(readFileSync(at('snapshots', COMMIT, 'pytorch_model.bin')).equals(weights)).toBe(true);
    expect(readdirSync(at('blobs')).every((name) => /^[0-9a-f]+$/.test(name))).toBe(true);
  });

  it.each([
    ['large', 'storage', 'pytorch_model.bin', 'SHA-256 checksum'],
    ['small', 'api', 'vocab.txt', "Git's checksum"],
  ] as const)('with other content than its list says (%s) is thrown away', async (_, host, file, message) => {
    const wrong = Buffer.from(files[file]);
    wrong[wrong.length - 2] = 65;
    hub.interfere = (served, from) => {
      const isFile = host === 'storage' ? from === host : served.request.url?.endsWith(file);
      if (isFile) served.response.writeHead(200, { 'content-length': wrong.length }).end(wrong);
      return isFile === true;
    };
    expect((await errorOf(locate())).message).toContain(message);
    expect(findCached(cache, NAME)).toBeUndefined();
    expect(existsSync(at('blobs', etagOf(files[file])))).toBe(false);
    expect(existsSync(at('snapshots', COMMIT, file))).toBe(false);
  });

  it.each([
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ['shorter', (bytes: Buffer) => bytes.subarray(0, 200)],
    ['a web page', () => Buffer.from('<!doctype html><p>Log in first')],
  ])('that is %s than its list says is refused', async (_, change) => {
    hub.interfere = ({ response }, host) => {
      if (host === 'storage') response.end(change(weights));
      return host === 'storage';
    };
    await errorOf(locate({}, { numAttempts: 1 }));
    expect(existsSync(at('snapshots', COMMIT, 'pytorch_model.bin'))).toBe(false);
  });

  it('has no name that leads elsewhere, and no size that nothing has', async () => {
    const outside = Buffer.from('x');
    const hostile = {
      '../../../escape.json': outside,
      '/etc/vocab.txt': outside,
      'a\\..\\vocab.txt': outside,
    };
    hub.models.set('org/small', { ...MODEL, files: { ...hostile, ...files } });
    await locate();
    expect(readdirSync(root).some((name) => name.includes('escape'))).toBe(false);
    expect(readdirSync(at('snapshots', COMMIT)).sort()).toEqual([
      'config.json',
      'pytorch_model.bin',
      'vocab.txt',
    ]);
    hub.interfere = ({ request, response }) => {
      if (!request.url?.includes('/tree/')) return false;
      const oid = 'a'.repeat(40);
      const lfs = { oid: 'b'.repeat(64), size: 1e15, pointerSize: 1 };
      response.end(JSON.stringify([{ type: 'file', path: 'pytorch_model.bin', size: 1e15, oid, lfs }]));
      return true;
    };
    hub.models.set('org/small', { ...MODEL, commit: OTHER });
    rmSync(at('refs/main'));
    expect((await errorOf(locate())).message).toMatch(
      /says that pytorch_model\.bin has 1,?000 TB|no more than 16 GB/,
    );
  });

  it('names no other host for the list of its files', async () => {
    hub.interfere = ({ request, response }) => {
      if (!request.url?.includes('/tree/')) return false;
      response.setHeader('link', '<http://127.0.0.1:1/api/models/org/small/tree/main>; rel="next"');
      response.end('[]');
      return true;
    };
    const error = await errorOf(locate({ token: 'hf_secret', tokenFrom: 'HF_TOKEN' }));
    expect(error.message).toContain('another host is not asked');
  });

  it('without weights is no model', async () => {
    hub.models.set('org/small', { ...MODEL, files: { 'tf_model.h5': weights } });
    const error = await errorOf(locate());
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(
      /is no model that can be loaded: of its files tf_model\.h5 none is named as/,
    );
  });

  it('does not fit on a full disk, which is said before', async () => {
    const freeBytes = async (): Promise<number> => 64 * 1024 * 1024 + 1000;
    const error = await errorOf(locate({}, { freeBytes }));
    expect(error.message).toMatch(/pytorch_model\.bin of org\/small: 300 kB are needed .* \(HF_HUB_CACHE\)/);
  });
});

describe('offline', () => {
  it('nothing is asked, and what is not there is said', async () => {
    const error = await errorOf(locate({ isOffline: true }));
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe(
      `There is no file or folder 'org/small' here, nor a model of that name in the cache (${cache}), and HF_HUB_OFFLINE is set, so that nothing is fetched.`,
    );
    expect(hub.log).toEqual([]);
  });
});

it('two processes that want one model fetch it once', async () => {
  const folder = path.join(root, 'compiled');
  mkdirSync(folder);
  compileFolders(folder, ['common', 'formats', 'data/download', 'hub']);
  const script = path.join(folder, 'child.mjs');
  writeFileSync(
    script,
    `import { locateModel } from './hub/index.js';
     const settings = JSON.parse(process.argv[2]);
     const notice = (line) => console.log(line);
     const { commit } = await locateModel({ name: 'org/small' }, { settings, notice });
     console.log(commit);`,
  );
  hub.interfere = (served, host) => {
    if (host === 'api') return false;
    const { response } = served;
    response.writeHead(200, { 'content-length': String(weights.length), etag: '"storage"' });
    response.write(weights.subarray(0, 1000));
    // Long enough for the other to come.
    setTimeout(() => response.end(weights.subarray(1000)), 3000);
    return true;
  };
  const outputs = await Promise.all(
    [1, 2].map(async () => {
      const child = spawn(process.execPath, [script, JSON.stringify(settingsOf())], { stdio: 'pipe' });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      await once(child, 'close');
      return text;
    }),
  );
  for (const text of outputs) expect(text.trim()).toMatch(new RegExp(`${COMMIT}$`));
  expect(outputs.join('')).toMatch(
    /Another process \(number \d+\) fetches pytorch_model\.bin of org\/small; waiting/,
  );
  expect(hub.log.filter((line) => line.startsWith('storage'))).toHaveLength(1);
  expect(lstatSync(at('snapshots', COMMIT, 'pytorch_model.bin')).isSymbolicLink()).toBe(true);
}, 30_000);

describe('the name of a model', () => {
  it.each([
    ['unc-nlp/lxmert-vqa-uncased', 'unc-nlp/lxmert-vqa-uncased', undefined],
    ['a/b@v1.0', 'a/b', 'v1.0'],
    ['a/b@refs/pr/3', 'a/b', 'refs/pr/3'],
  ])('%s is one', (text, name, revision) => {
    expect(hubNameOf(text)).toEqual({ name, revision });
  });

  it.each([
    'model.pth',
    './a/b',
    '../a/b',
    '/a/b',
    'a/b/c',
    'a/BEST.pth',
    'a/..',
    'a--b/c--d@../x',
    'a/b@',
    'a/b@x..y',
    'a/b@.x',
    'a/-b',
    'a/b.',
    'a b/c',
    'src/hub',
    'src/nothing',
    'C:\\a/b',
  ])('%s is none', (text) => {
    expect(hubNameOf(text)).toBeUndefined();
  });
});

describe('the environment', () => {
  const home = path.join(root, 'home');
  mkdirSync(home);
  writeFileSync(path.join(home, 'token'), 'hf_file\n');

  it.each([
    [{ HF_HOME: home }, path.join(home, 'hub')],
    [{ HF_HOME: home, HF_HUB_CACHE: '/x' }, '/x'],
    [{ HUGGINGFACE_HUB_CACHE: '/y' }, '/y'],
    [{ XDG_CACHE_HOME: '/z' }, '/z/huggingface/hub'],
    [{}, path.join(process.env.HOME ?? '', '.cache/huggingface/hub')],
    [{ HF_HUB_CACHE: '~/c' }, path.join(process.env.HOME ?? '', 'c')],
  ])('%j says where the cache is', (env, expected) => {
    expect(hubSettings(env).cache).toBe(expected);
  });

  it('says the token, the hub and whether to ask it', () => {
    expect(hubSettings({ HF_HOME: home })).toMatchObject({
      token: 'hf_file',
      tokenFrom: path.join(home, 'token'),
    });
    expect(hubSettings({ HF_HOME: home, HF_TOKEN: ' hf_env ' })).toMatchObject({
      token: 'hf_env',
      tokenFrom: 'HF_TOKEN',
    });
    expect(hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeUndefined();
    expect(() => hubSettings({ HF_TOKEN: 'two words' })).toThrow(/The token in HF_TOKEN should be one word/);
    expect(hubSettings({ HF_ENDPOINT: 'https://mirror.example.org/hf/' }).endpoint).toBe(
      'https://mirror.example.org/hf',
    );
    for (const endpoint of ['mirror', 'ftp://x', 'https://me:pw@x', 'https://x?a=1']) {
      expect(() => hubSettings({ HF_ENDPOINT: endpoint })).toThrow(UsageError);
    }
    const offline = ['1', 'true', 'ON', 'yes'].map((text) => hubSettings({ HF_HUB_OFFLINE: text }).isOffline);
    expect([...offline, hubSettings({ HF_HUB_OFFLINE: '0' }).isOffline]).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
