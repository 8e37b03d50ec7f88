/**
 * @file An exported model in `lxmert/runtime`, in a process of its own that never loads libtorch, as a user's: answers to what its
 * parent sends.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BenchQuestion, NUM_QUESTIONS, writeQuestions } from '../../src/bench/peers/questions.js';
import { regionInputs, wordInputs } from '../../src/runtime/graphInputs.js';
import type { WeightsPrecision } from '../../src/runtime/index.js';
import { Lxmert, LxmertImage } from '../../src/runtime/node.js';

interface Asked {
  readonly question: number;
  readonly wantsLogits: boolean;
}

interface Answered {
  readonly seconds: number;
  readonly logits: readonly number[];
}

/** The parent's side. */
export class RuntimePeer implements Disposable {
  private constructor(
    private readonly child: ChildProcess,
    /** Such as `onnxruntime-node 1.30.0`. */
    readonly engine: string,
  ) {}

  /** @param folder where {@link writeQuestions} writes, the export in `lxmert/` below it */
  static async start(folder: string, precision: WeightsPrecision, numThreads: number): Promise<RuntimePeer> {
    const child = fork(fileURLToPath(import.meta.url), [folder, precision, String(numThreads)]);
    const [engine] = (await once(child, 'message')) as [string];
    return new RuntimePeer(child, engine);
  }

  async ask(question: number, wantsLogits: boolean): Promise<Answered> {
    const answered = once(this.child, 'message') as Promise<[Answered]>;
    this.child.send({ question, wantsLogits } satisfies Asked);
    return (await answered)[0];
  }

  [Symbol.dispose](): void {
    this.child.kill();
  }
}

async function serve(folder: string, precision: WeightsPrecision, numThreads: number): Promise<void> {
  const { questions } = writeQuestions(folder, NUM_QUESTIONS);
  const lxmert = await Lxmert.load(`${folder}/lxmert`, { precision, engine: 'onnxruntime-node', numThreads });
  process.on('message', async ({ question, wantsLogits }: Asked) => {
    const { row, sentence } = questions[question] as BenchQuestion;
    const start = performance.now();
    await lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), sentence);
    const seconds = (performance.now() - start) / 1000;
    if (!wantsLogits) return process.send?.({ seconds, logits: [] } satisfies Answered);
    const inputs = { ...wordInputs(lxmert.model, [sentence]), ...regionInputs([row], 1) };
    const { logits } = await lxmert.runGraph(inputs, ['logits']);
    return process.send?.({
      seconds,
      logits: [...((logits?.data ?? []) as Float32Array)],
    } satisfies Answered);
  });
  process.send?.(`${lxmert.engine.name} ${lxmert.engine.version}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder = '', precision = '', numThreads = ''] = process.argv;
  await serve(folder, precision as WeightsPrecision, Number(numThreads));
}
