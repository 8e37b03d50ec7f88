/** @file A process that answers one measurement at a time, line by line, so that several can take turns. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { LxmertError } from '../../common/errors.js';

/** Questions answered together, again and again. */
export interface Burst {
  /** Whoever of the process answers. */
  readonly peer: string;
  /** By number, of those that were written for all. */
  readonly questions: readonly number[];
  /** Answers before those that count. */
  readonly warmUp: number;
  readonly atLeast: number;
  /** How long it goes on at least. */
  readonly seconds: number;
  /** Whether the last logits come back. */
  readonly logits: boolean;
}

export interface Measured {
  /** Of each answer that counts. */
  readonly seconds: readonly number[];
  /** (questions, answers) */
  readonly logits?: readonly (readonly number[])[];
}

/** Characters of what a process said last that are shown when it fails. */
const SHOWN = 1000;

export class MeasuredProcess implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #ended: Promise<unknown>;
  #said = '';

  private constructor(
    private readonly name: string,
    [program, ...words]: readonly [string, ...string[]],
  ) {
    this.#process = spawn(program, words);
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#said += error.message;
        resolve(undefined);
      });
      this.#process.once('close', resolve);
    });
    // What it no longer reads is told by the line that does not come.
    this.#process.stdin.on('error', () => undefined);
    this.#process.stderr.on('data', (data: Buffer) => {
      this.#said = `${this.#said}${data}`.slice(-SHOWN);
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /**
   * @param name of who it is, for errors
   * @returns it, and the line that it begins with
   * @throws LxmertError when it ends before that
   */
  static async start<Hello>(
    name: string,
    command: readonly [string, ...string[]],
  ): Promise<{ readonly process: MeasuredProcess; readonly hello: Hello }> {
    const process = new MeasuredProcess(name, command);
    return { process, hello: (await process.#read()) as Hello };
  }

  /** @throws LxmertError when the process has ended */
  async measure(burst: Burst): Promise<Measured> {
    this.#process.stdin.write(`${JSON.stringify(burst)}\n`);
    return (await this.#read()) as Measured;
  }

  /** Ends the process and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader.close();
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  async #read(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return JSON.parse(value as string);
    await this.#ended;
    throw new LxmertError(
      `The process that measures ${this.name} has ended: ${this.#said.trim() || 'it said nothing'}.`,
    );
  }
}

/** The lines that such a process is sent. */
export async function* askedBursts(): AsyncGenerator<Burst> {
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line) as Burst;
}

/** Lets each answer of a burst be given, one a turn of the loop, and adds the seconds of those that count. */
export function* timed({ warmUp, atLeast, seconds: wanted }: Burst, seconds: number[]): Generator<void> {
  for (let i = 0; i < warmUp; i++) yield;
  const begun = performance.now();
  while (seconds.length < atLeast || performance.now() - begun < 1000 * wanted) {
    const start = performance.now();
    yield;
    seconds.push((performance.now() - start) / 1000);
  }
}

/** Sends one, and is done when it is on its way. */
export async function sayLine(value: unknown): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(value)}\n`)) await once(process.stdout, 'drain');
}
