import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { practiceLibrary } from '../../support/practiceDevice.js';
import { runScenarios, type Scenario, start, torchrunVariables, worker } from '../../support/processes.js';
import { needing } from '../../support/skips.js';

interface Operations {
  readonly sum: number[];
  readonly copied: number[];
  readonly gathered: { rank: number; text: string }[];
}

interface Steps {
  readonly steps: readonly {
    readonly loss: number;
    readonly gradients: readonly (number | null)[];
    readonly bytes: number;
    readonly numBuckets: number;
    readonly order: readonly (readonly string[])[];
  }[];
}

const sizes = { a: 16, b: 48, c: 32, d: 64 };
const all = ['a', 'b', 'c', 'd'];

needing('program').describe.each([2, 4])('%i processes', (numProcesses) => {
  const ranks = Array.from({ length: numProcesses }, (_, rank) => rank);
  /** Process 0 uses some leaves, the others some. */
  const use = (first: string[], others: string[]): string[][] =>
    ranks.map((rank) => (rank === 0 ? first : others));
  const scenarios: Scenario[] = [
    ['operations'],
    ['reducer', { sizes, bucketBytes: 256, uses: Array(3).fill(use(['a', 'c'], ['a', 'd'])) }],
    [
      'reducer',
      {
        sizes,
        bucketBytes: 1 << 20,
        uses: [use(['a'], ['a']), use(all, ['a']), use(['a'], all), use(all, all)],
      },
    ],
    // Each leaf is larger than a bucket, so it is one of its own.
    ['reducer', { sizes, bucketBytes: 64, uses: Array(2).fill(use(['d', 'a', 'c'], ['a', 'c', 'd'])) }],
    ['embedding'],
    // The first of these once more where gradients lie on a GPU.
    [
      'reducer',
      {
        sizes,
        bucketBytes: 256,
        uses: Array(3).fill(use(['a', 'c'], ['a', 'd'])),
        practiceLibrary: practiceLibrary(),
      },
    ],
  ];
  let results: unknown[][] = [];
  beforeAll(async () => {
    results = await runScenarios(scenarios, ranks);
  }, 60_000);
  const of = <T>(scenario: number): T[] => results.map((seen) => seen[scenario] as T);
  /** The mean over all processes of (rank + 1) times a factor, where those of `some` alone have a gradient. */
  const mean = (factor: number, some = ranks): number =>
    some.reduce((sum, rank) => sum + factor * (rank + 1), 0) / numProcesses;
  const others = ranks.slice(1);

  it('add, copy and gather', () => {
    const total = ranks.reduce((sum, rank) => sum + rank + 1, 0);
    for (const { sum, copied, gathered } of of<Operations>(0)) {
      expect(sum).toEqual([total, 10 * total]);
      expect(copied).toEqual([8]);
      expect(gathered).toEqual(ranks.map((rank) => ({ rank, text: 'x'.repeat(rank) })));
    }
  });

  it('get the mean of their gradients, though each lacks some, and none where all lack it', () => {
    const expected = [mean(1), null, mean(3, [0]), mean(4, others)];
    for (const { steps } of of<Steps>(1)) {
      expect(steps.map(({ gradients }) => gradients)).toEqual([expected, expected, expected]);
      expect(steps.map(({ loss }) => loss)).toEqual([mean(1), mean(1), mean(1)]);
    }
  });

  it('sum a leaf that was left out before and is used again', () => {
    for (const { steps } of of<Steps>(2)) {
      expect(steps.map(({ gradients }) => gradients)).toEqual([
        [mean(1), null, null, null],
        [mean(1), mean(2, [0]), mean(3, [0]), mean(4, [0])],
        [mean(1), mean(2, others), mean(3, others), mean(4, others)],
        [mean(1), mean(2), mean(3), mean(4)],
      ]);
    }
  });

  it('send in one order: that in which process 0 has them, without leaves that nobody uses', () => {
    const orders = of<Steps>(3).map(({ steps }) => steps.map(({ order }) => order));
    for (const order of orders) expect(order).toEqual(orders[0]);
    expect(orders[0]?.[0]?.flat().sort()).toEqual(['a', 'c', 'd']);
    for (const { steps } of of<Steps>(3)) {
      expect(steps.map(({ numBuckets }) => numBuckets)).toEqual([4, 3]);
      expect(steps.map(({ bytes }) => bytes)).toEqual([4 * (16 + 48 + 32 + 64), 4 * (16 + 32 + 64)]);
    }
  });

  it('sum gradients that lie on a GPU', () => {
    const expected = [mean(1), null, mean(3, [0]), mean(4, others)];
    for (const { steps } of of<Steps>(5)) {
      expect(steps.map(({ gradients }) => gradients)).toEqual([expected, expected, expected]);
    }
  });

  it('keep no row of an earlier step in the gradient of an embedding', () => {
    const share = numProcesses - 1;
    for (const { steps } of of<{ steps: number[][] }>(4)) {
      expect(steps).toEqual([
        [0, 0, 1, 1, share, share, 0, 0],
        [0, 0, 0, 0, 0, 0, numProcesses, numProcesses],
      ]);
    }
  });
});

needing('program').describe('processes that meet', () => {
  const errorsOf = (results: unknown[][]): string[] =>
    results.map(([result]) => (result as { error?: string }).error ?? '');

  it('end with one sentence in all when one was started with other settings', async () => {
    const agreements = [
      { 'settings.batchSize': '32', 'settings.seed': '1' },
      { 'settings.batchSize': '32', 'settings.seed': '1' },
      { 'settings.batchSize': '64', 'settings.seed': '2' },
    ];
    const sentence =
      'The processes of this run were started differently: settings.batchSize is 32 in process 0, but 64 in process 2. Start all with the same command, files and version.';
    const results = await runScenarios([['meet', { agreements }]], [0, 1, 2]);
    expect(errorsOf(results)).toEqual([sentence, sentence, sentence]);
  });

  it('are refused when two have one number, and miss by number who does not come', async () => {
    const results = await runScenarios([['meet', { arrivalSeconds: 6 }]], [0, 1, 1], 3);
    const [first = '', ...doubles] = errorsOf(results);
    expect(first).toMatch(/Of 3 processes 1 did not come within 6 s: 2\. /);
    expect(doubles.join(' ')).toContain('There are two processes with the number 1');
  });

  // What greets, what answers in another way, what says the same back, what closes, and what says nothing.
  it.each([
    ['greets', (socket: Socket) => void socket.write('220 mail.example ready\r\n')],
    [
      'refuses',
      (socket: Socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
    ['repeats', (socket: Socket) => void socket.pipe(socket)],
    ['closes', (socket: Socket) => void socket.destroy()],
    ['is silent', () => undefined],
  ])(
    'say in time that another program is at the port, one that %s',
    async (_, answer) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        answer(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const variables = torchrunVariables(1, 2, port);
        const { stdout } = await start([worker, JSON.stringify([['meet', {}]])], variables).ended;
        expect(stdout).toContain(`at 127.0.0.1, port ${port}, and another program answers there`);
      } finally {
        server.close();
      }
    },
    60_000,
  );
});

needing('program').describe('processes of one machine that meet in a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'meeting-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** 127.0.0.1 */
  const LOOPBACK = '0100007F';

  it('work together and listen at the loopback alone, as those of lxmert launch do', async () => {
    const scenarios: Scenario[] = [['operations'], ['listeners']];
    const variables = { LXMERT_STORE_FILE: path.join(folder, 'store'), MASTER_PORT: '1' };
    const found = await runScenarios(scenarios, [0, 1, 2], 3, variables);
    for (const [operations, addresses] of found) {
      expect(operations).toMatchObject({ sum: [6, 60] });
      expect((addresses as string[]).filter((address) => address !== LOOPBACK)).toEqual([]);
    }
    // A store that other machines can reach, by the same look.
    const [[first] = []] = await runScenarios([['listeners']], [0, 1]);
    expect((first as string[]).some((address) => address !== LOOPBACK)).toBe(true);
  });
});

needing('program').describe('a callback of one process', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stopped-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  // After the first step nothing of the others' numbers is known yet: they hear of it in the step after.
  it.each([
    ['a step', { step: 7 }, 8, 1],
    ['the last step of an epoch', { step: 5 }, 5, 0],
    ['an epoch', { epoch: 1 }, 10, 2],
  ])('ends the training of all after %s, as a whole', async (what, end, numSteps, numEpochs) => {
    const results = await runScenarios([['train', { run: path.join(folder, what), ...end }]], [0, 1]);
    const [first] = results[0] ?? [];
    const scores = Array(numEpochs).fill(2);
    expect(first).toMatchObject({ numSteps, wasStopped: true, wasInterrupted: false, scores });
    expect(results.map(([result]) => result)).toEqual([first, first]);
  });
});
