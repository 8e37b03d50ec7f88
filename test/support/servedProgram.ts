/** @file `lxmert serve` in a process of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from './processes.js';

/** @param words of `lxmert serve`, besides the port */
export async function startServing(
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly address: string } & AsyncDisposable> {
  const server = spawn(process.execPath, [program, 'serve', '--port', '0', ...words], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  let said = '';
  const address = await new Promise<string>((resolve, reject) => {
    server.once('exit', () => reject(new Error(said)));
    server.stderr.on('data', (data: Buffer) => {
      said += data.toString();
      const [, found] = /Open (http:\S+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
    },
  };
}
