/** @file Opens an address in the browser that a person uses. */

import { spawn } from 'node:child_process';

/** By system: what opens an address in the default browser. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Starts the browser and does not wait for it; where there is none, `notice` is told. */
export function openBrowser(address: string, notice: (line: string) => void): void {
  const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open'];
  const problem = (): void => notice(`No browser could be started (${program}): open ${address} yourself.`);
  const child = spawn(program, [...words, address], { stdio: 'ignore', detached: true });
  child.once('error', problem);
  child.once('exit', (code) => {
    if (code !== 0) problem();
  });
  child.unref();
}
