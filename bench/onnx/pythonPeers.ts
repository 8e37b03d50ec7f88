/** @file Peers in Python: one process that has them all, asked line by line, so that turns can alternate with those here. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { packageRoot } from '../../src/common/version.js';

const SCRIPT = path.join(packageRoot(), 'bench/onnx/peers.py');

/** Of one question. */
export interface PeerAnswer {
  readonly seconds: number;
  readonly logits?: readonly number[];
}

/** @throws Error when Python or one of its packages is missing */
export function exportPeers(python: string, folder: string): void {
  const { status, error } = spawnSync(python, [SCRIPT, 'export', folder], { stdio: 'inherit' });
  if (error !== undefined || status !== 0) {
    throw new Error(
      `'${python} ${SCRIPT} export' failed (${error?.message ?? `exit ${status}`}). It needs torch, transformers, onnx, onnxscript, onnxruntime and openvino; --python names the interpreter.`,
    );
  }
}

export class PythonPeers implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(python: string, folder: string, numThreads: number) {
    this.#process = spawn(python, [SCRIPT, 'serve', folder, String(numThreads)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#reader = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @returns the peers, and the versions of their packages */
  static async start(
    python: string,
    folder: string,
    numThreads: number,
  ): Promise<{ readonly peers: PythonPeers; readonly versions: Readonly<Record<string, string>> }> {
    const peers = new PythonPeers(python, folder, numThreads);
    return { peers, versions: (await peers.#read()) as Record<string, string> };
  }

  /** @param peer such as `onnxruntime: float32` (peers.py) */
  async ask(peer: string, question: number, logits: boolean): Promise<PeerAnswer> {
    this.#process.stdin?.write(`${JSON.stringify({ peer, question, logits })}\n`);
    return (await this.#read()) as PeerAnswer;
  }

  [Symbol.dispose](): void {
    this.#process.stdin?.end();
    this.#reader.close();
  }

  async #read(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('The process with the peers in Python has ended.');
    return JSON.parse(value as string);
  }
}
