/**
 * @file The only reasons for which a test may be skipped. A skipped test's title ends in `[needs: RULE]`, which
 * scripts/check-tests.mjs reads: a skip without a rule fails there, and so does a rule that the machine should meet.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
// Not the room's own index: that loads the bridge, and the first rule is for where there is none.
import { addonPath, native } from '../../src/torch/native.js';
import { hasBrowser } from './browser.js';
import { findPython } from './python.js';

/** Whether this machine has what the rule names. */
const rules = {
  /** Rooms without tensors are tested before the bridge is compiled, too. */
  bridge: () => existsSync(addonPath()),
  /** Processes of their own run what `npm run build:ts` makes; they cannot run the sources. */
  program: () => existsSync(addonPath()) && existsSync(path.resolve('dist/src/cli/main.js')),
  /** Exported models are read by other programs, which are Python's. */
  python: () => findPython() !== undefined,
  /** Pages are tested in the system's Chromium. */
  chromium: () => hasBrowser,
  /** Completions are asked of the shells. */
  zsh: () => spawnSync('zsh', ['--version']).status === 0,
  fish: () => spawnSync('fish', ['--version']).status === 0,
  /** Real terminals are made by util-linux. */
  script: () => spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') ?? false,
  /** What takes minutes to compile is compiled where somebody asks for it, as .ci/run does. */
  LXMERT_TEST_SETUP: () => process.env.LXMERT_TEST_SETUP === '1',
  /** Libraries that are broken or made up are compiled on the spot. */
  'C compiler': () => spawnSync('cc', ['--version']).status === 0,
  /** What is said where there is no GPU cannot be heard where there is one. */
  'no GPU': () => native().numDevices('cuda') === 0,
  /** libtorch 1.13 lets no device of a library's own have the operators of loss scaling and of event queues. */
  'libtorch 2': () => !native().runtimeInfo().torchVersion.startsWith('1.'),
  /** Two hosts are two namespaces with a cable between them: root, iproute2 and a kernel that allows them. */
  'network namespaces': () => {
    const name = `lxmert-try-${process.pid}`;
    const isMade = spawnSync('ip', ['netns', 'add', name]).status === 0;
    return isMade && spawnSync('ip', ['netns', 'delete', name]).status === 0;
  },
};

/** `describe` and `it` for tests that cannot run without something; where it is missing they skip, and their titles say so. */
export function needing(...names: (keyof typeof rules)[]): { describe: typeof describe; it: typeof it } {
  const missing = names.find((name) => !rules[name]());
  if (missing === undefined) return { describe, it };
  return { describe: skipping(describe, missing), it: skipping(it, missing) };
}

interface Skippable {
  readonly skip: {
    (title: string, body: never): void;
    each(cases: never): (title: string, body: never) => void;
  };
}

function skipping<Api>(api: Api, missing: string): Api {
  const { skip } = api as unknown as Skippable;
  const titled = (title: string) => `${title} [needs: ${missing}]`;
  const each = (cases: never) => (title: string, body: never) => skip.each(cases)(titled(title), body);
  return Object.assign((title: string, body: never) => skip(titled(title), body), { each }) as unknown as Api;
}
