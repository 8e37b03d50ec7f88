/** @file A server in a process of its own, as its users start it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ownProgram = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/cli/main.js');

export interface ServerProcess {
  readonly address: string;
  readonly pid: number;
  /** The figures of /metrics by name, with labels as they are written there. */
  figures(): Promise<ReadonlyMap<string, number>>;
  /** Bytes in memory. */
  residentBytes(): number;
  /** Seconds of processor time so far. */
  processorSeconds(): number;
  stop(): Promise<void>;
}

/**
 * @param words of `lxmert serve`, besides the port
 * @param program another version's, such as `clone/dist/src/cli/main.js`
 */
export async function startServer(words: readonly string[], program = ownProgram): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A program that is ended takes its server along.
  process.once('exit', () => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  let said = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-10_000);
      const found = /Open (http:\S+) in/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`The server ended: ${said}`)));
  });
  const pid = child.pid as number;
  return {
    address,
    pid,
    async figures() {
      const text = await (await fetch(`${address}/metrics`)).text();
      return new Map(
        [...text.matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name, value]) => [
          name as string,
          Number(value),
        ]),
      );
    },
    residentBytes: () => residentBytes(pid),
    processorSeconds: () => processorSeconds(pid),
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** User and system time, in ticks of 1/100 s, stand in the 14th and 15th field. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
