import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { percentile } from '../../src/bench/measure.js';
import type { PeerComparison } from '../../src/bench/peers/comparePeers.js';
import { inputsOf } from '../../src/bench/peers/modelInputs.js';
import { exportPeers } from '../../src/bench/peers/pythonPeers.js';
import { NUM_ANSWERS, NUM_QUESTIONS, writeQuestions } from '../../src/bench/peers/questions.js';
import { QuotaGroup } from '../../src/bench/peers/quotaGroup.js';
import { renderPeers } from '../../src/bench/peers/renderPeers.js';
import { disposeModels } from '../../src/inference/ensemble.js';
import { loadModel } from '../../src/inference/modelFolder.js';
import { defaultNumThreads, scope } from '../../src/torch/index.js';
import { madeUpRoot } from '../support/madeUpRoot.js';
import { isBuilt, program } from '../support/processes.js';
import { writeSavedModel } from '../support/savedModel.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-peers-'));
const python = path.resolve('test/support/fakePython.mjs');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built program, which finds what it kept in a cache of this test. */
function bench(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [program, 'bench', ...words], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: path.join(folder, 'cache'), FAKE_PEERS: folder, ...environment },
  });
}

/** What the side in Python was started with at last. */
const threadsOfPython = (): number => Number(readFileSync(path.join(folder, 'threads'), 'utf8'));

const latency = ['--work', 'latency', '--peers', '--python', python];

describe.runIf(isBuilt)('lxmert bench --peers', () => {
  beforeAll(async () => {
    await writeSavedModel(path.join(folder, 'model'), {
      vocabSize: 30522,
      featureSize: 2048,
      numAnswers: NUM_ANSWERS,
      vocabulary: 'none',
    });
    const { questions, vocabulary, answers } = writeQuestions(folder, NUM_QUESTIONS);
    const loaded = await loadModel({ model: path.join(folder, 'model'), vocabulary, answers });
    // One at a time, where the program asks for all at once.
    const logits = questions.map((question) =>
      scope(() => [
        ...(loaded.models[0]?.forward(inputsOf([question])).logits.answer?.toFloat32Array() ?? []),
      ]),
    );
    disposeModels(loaded);
    writeFileSync(path.join(folder, 'logits.json'), JSON.stringify(logits));
  });

  it('measures all in turn on the exported weights, and says how they compare', () => {
    const words = [...latency, '--repetitions', '1', '--state', 'quiet', '--eager', '--json'];
    const { status, stdout, stderr } = bench(words);
    expect(stderr).toContain('is exported into');
    expect(status).toBe(0);
    const { rows, numThreads, logitErrors, versions, leftOut, limits } = JSON.parse(stdout) as PeerComparison;
    expect(versions).toMatchObject({ openvino: '1.2' });
    expect(leftOut).toEqual([]);
    expect(numThreads).toEqual({ quiet: defaultNumThreads() });
    expect(threadsOfPython()).toBe(defaultNumThreads());
    expect(limits.bytesReadPerSecond).toBeGreaterThan(1e8);
    const find = (task: string, who: string) =>
      rows.find((row) => row.task.startsWith(task) && row.who === who);
    const reference = find('one question', 'OpenVINO, float32');
    expect(reference).toMatchObject({ medianSeconds: 2, minSeconds: 1, p99Seconds: 100, numMeasured: 3 });
    expect(find('one question', 'PyTorch, eager')?.ofReference).toBe(4);
    const tasks = ['one question', 'one question, image already seen', '32 questions'];
    for (const [task, precision] of tasks.flatMap((each) => [
      [each, 'float32'],
      [each, 'int8'],
    ])) {
      const own = find(task as string, `lxmert, ${precision}`);
      expect(own?.medianSeconds).toBeLessThan(2);
      expect(own?.ofReference).toBeCloseTo((own?.medianSeconds ?? 0) / 2, 12);
    }
    // Both sides answer the same questions with the same weights.
    expect(logitErrors['lxmert, float32']).toBeLessThan(1e-5);
    expect(logitErrors['lxmert, int8']).toBeGreaterThan(1e-5);
    expect(logitErrors['lxmert, int8']).toBeLessThan(0.6);
  }, 180_000);

  it('tells a Python that is not there, packages that are missing, and a peer that ends', () => {
    const absent = bench(['--work', 'latency', '--peers', '--python', '/nowhere/python']);
    expect(absent).toMatchObject({ status: 1 });
    expect(absent.stderr).toMatch(/'\/nowhere\/python' does not start: .*ENOENT.*--python/);
    const missing = bench(latency, { FAKE_MISSING: 'openvino' });
    expect(missing).toMatchObject({ status: 1 });
    expect(missing.stderr).toMatch(/need openvino in .*-m pip install openvino/);
    const failing = bench([...latency, '--repetitions', '1', '--state', 'busy'], {
      FAKE_FAILING: 'onnxruntime: int8',
      OMP_NUM_THREADS: '3',
    });
    expect(failing).toMatchObject({ status: 1 });
    expect(failing.stderr).not.toContain('is exported');
    expect(failing.stderr).toMatch(/the peers in Python has ended: Segmentation fault of this peer/);
    expect(threadsOfPython()).toBe(3);
  });

  it.each([
    [['--peers'], /--work latency alone/],
    [['--work', 'latency', '--small', '--peers'], /full-size/],
    [['--work', 'latency', '--eager'], /are for --peers/],
    [['--work', 'latency,training', '--precision', 'int8', '--small'], /no training in int8/],
    [['--work', 'latency', '--state', 'busy'], /are for --peers/],
  ])('refuses %j', (words, sentence) => {
    const { status, stderr } = bench(words);
    expect(status).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});

describe("the folder of the peers' model", () => {
  const placeOf = (): string => path.join(mkdtempSync(path.join(folder, 'place-')), 'peers');
  const exported = async (place: string): Promise<void> => {
    const prepared = path.join(folder, 'small');
    mkdirSync(path.join(prepared, 'model'), { recursive: true });
    vi.stubEnv('FAKE_PEERS', prepared);
    try {
      await exportPeers(python, place);
    } finally {
      vi.unstubAllEnvs();
    }
  };

  it('is made where nothing is, in an empty one, and where a link leads to one, beside what was interrupted', async () => {
    const [absent, empty, link] = [placeOf(), placeOf(), placeOf()];
    mkdirSync(`${absent}.42`);
    mkdirSync(empty);
    mkdirSync(`${link}-far`);
    symlinkSync(`${link}-far`, link);
    for (const place of [absent, empty, link]) {
      await exported(place);
      expect(readdirSync(place).sort()).toEqual(['huggingface', 'torch_int8.onnx']);
    }
    expect(readdirSync(path.dirname(absent)).sort()).toEqual(['peers', 'peers.42']);
    expect(readdirSync(path.dirname(link)).sort()).toEqual(['peers', 'peers-far']);
  });

  it('is refused and left as it is where somebody has other files there', async () => {
    const place = placeOf();
    mkdirSync(path.join(place, 'thesis'), { recursive: true });
    writeFileSync(path.join(place, 'thesis', 'chapter.tex'), 'long');
    await expect(exported(place)).rejects.toThrow(
      `The peers' model needs a folder that is empty or not there yet, and '${place}' has other files, such as 'thesis'. ` +
        'Name another folder, or move them away.',
    );
    expect(readFileSync(path.join(place, 'thesis', 'chapter.tex'), 'utf8')).toBe('long');
    expect(readdirSync(path.dirname(place))).toEqual(['peers']);
  });
});

describe('a group with a quota', () => {
  const rootOf = (mountinfo: string, files: Readonly<Record<string, string>>): string =>
    madeUpRoot({ 'proc/self/cgroup': '4:cpu:/a\n0::/b\n', 'proc/self/mountinfo': mountinfo, ...files });
  const group = `lxmert-bench-${process.pid}`;

  it('of version 1 is below its own', () => {
    const root = rootOf('31 30 0:27 / /sys/cpu rw - cgroup cgroup rw,cpu\n', { 'sys/cpu/a/tasks': '' });
    const made = QuotaGroup.create(1.5, root);
    expect(typeof made).not.toBe('string');
    const read = (name: string): string => readFileSync(path.join(root, 'sys/cpu/a', group, name), 'utf8');
    expect([read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')]).toEqual(['150000', '100000']);
    expect((made as QuotaGroup).prefix.at(-1)).toBe(path.join(root, 'sys/cpu/a', group, 'cgroup.procs'));
  });

  it('of version 2 is where processors are handed on', () => {
    const files = { 'sys/b/cgroup.subtree_control': 'memory cpu\n' };
    const root = rootOf('31 30 0:27 / /sys rw - cgroup2 cgroup2 rw\n', files);
    expect(typeof QuotaGroup.create(1.5, root)).not.toBe('string');
    expect(readFileSync(path.join(root, 'sys/b', group, 'cpu.max'), 'utf8')).toBe('150000 100000');
  });

  it('is told to be missing where there are none, and leaves nothing where it may not write', () => {
    expect(QuotaGroup.create(1.5, rootOf('', {}))).toMatch(/no control groups/);
    const root = rootOf('31 30 0:27 / /sys rw - cgroup2 cgroup2 rw\n', { 'sys/b/cgroup.procs': '' });
    expect(QuotaGroup.create(1.5, root)).toMatch(/subtree_control/);
    expect(existsSync(path.join(root, 'sys/b', group))).toBe(false);
    expect(readdirSync(path.join(root, 'sys')).filter((name) => name.startsWith('lxmert'))).toEqual([]);
  });
});

describe('what is said of peers', () => {
  it('is a table for each state, and what was left out', () => {
    const row = { numMeasured: 9, minSeconds: 0.01, medianSeconds: 0.02, p99Seconds: 1.5, ofReference: 0.5 };
    const comparison: PeerComparison = {
      versions: { openvino: '2026.4' },
      runtime: 'libtorch',
      numThreads: { busy: 2, quota: 2 },
      limits: { float32ProductsPerSecond: 5e11, bytesReadPerSecond: 5e10 },
      rows: [{ ...row, state: 'busy', task: 'one question', who: 'lxmert, float32', isOwn: true }],
      logitErrors: { 'lxmert, float32': 1e-6 },
      leftOut: ['Left out: something.'],
    };
    const text = renderPeers(comparison);
    expect(text).toContain('| one question | lxmert, float32 | 20.0 ms | 10.0 ms | 1.50 s | 0.50 | 1.0e-6 |');
    expect(text).toContain('\nPython: openvino 2026.4; 2 threads\n');
    expect(renderPeers({ ...comparison, numThreads: { busy: 8, quota: 1 } })).toContain(
      '\nPython: openvino 2026.4; 8 threads (one busy process on the same processors); one thread (a quota of 1.5 processors)\n',
    );
    expect(text).toContain('One busy process');
    expect(text).not.toContain('Nothing else at work');
    expect(text).toMatch(/500 GFLOP\/s, reading memory 50\.0 GB\/s[\s\S]*Left out: something\.$/);
  });

  it('has percentiles by the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile(values, 0.5)).toBe(50);
    expect(percentile([3], 0.99)).toBe(3);
  });
});
