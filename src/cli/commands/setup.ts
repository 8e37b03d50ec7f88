/** @file `lxmert setup`. */

import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type PreparedSystem, prepareBridge, prepareSystem, SetupError, type Surroundings } from '#setup';
import { LxmertError } from '../../common/errors.js';
import { setupCommand } from '../../common/installation.js';
import { bridgeFolder, chooseBridge, placeForBridge } from '../../torch/bridgeFolder.js';
import { type Examination, examine, renderExamination } from '../../torch/doctor.js';
import { defineCommand } from '../command.js';

interface SetupResult {
  /** Whether nothing is (left) to do. */
  readonly isReady: boolean;
  readonly libtorch: { readonly version: string; readonly root: string; readonly kind: string } | null;
  /** Debian packages that were missing. */
  readonly missingPackages: readonly string[];
  /** The bridge's folder; null where no libtorch tells it. */
  readonly bridge: string | null;
  /** null after a check. */
  readonly examination: Examination | null;
}

export const command = defineCommand({
  description:
    'Makes this machine ready: finds libtorch (what LIBTORCH names, else an importable Python torch, else the ' +
    "system's package), installs with apt what is missing of libtorch, a fast BLAS, a C++ compiler, CMake and Ninja " +
    '(it says what before it does, and uses sudo when you are not root), and compiles the bridge to libtorch. ' +
    'Of an installed package the bridge goes to ~/.cache/lxmert (XDG_CACHE_HOME). It does only what is missing.',
  examples: [
    { command: 'lxmert setup', does: 'makes this machine ready' },
    { command: 'lxmert setup --check', does: 'says what it would do; ends with 1 when there is something' },
  ],
  arguments: z.strictObject({}),
  options: z.strictObject({
    check: z.boolean().default(false).describe('Change nothing; say what would be done'),
    dryRun: z.boolean().default(false).describe('The same as --check'),
  }),
  async run({ options, out, signal }): Promise<SetupResult> {
    const isCheck = options.check || options.dryRun;
    const surroundings = { isCheck, command: `'${setupCommand()}'`, say: out };
    try {
      const { system, bridge, isReady } = await prepare(surroundings);
      const { libtorch, missing } = system;
      const examination = isCheck ? null : await examine({ numThreads: undefined, measure: false, signal });
      return {
        isReady: examination?.isUsable ?? isReady,
        libtorch: libtorch && { version: libtorch.version, root: libtorch.root, kind: libtorch.kind },
        missingPackages: missing,
        bridge,
        examination,
      };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      // Ctrl-C ends the program that was being waited for, too; then that is the reason, and not its failure.
      await setImmediate();
      signal.throwIfAborted();
      throw new LxmertError(error.message, { cause: error });
    }
  },
  render: ({ isReady, examination }) =>
    examination === null ? (isReady ? 'Nothing is missing.' : '') : renderExamination(examination),
  exitCode: ({ isReady }) => (isReady ? 0 : 1),
});

async function prepare(
  surroundings: Surroundings,
): Promise<{ system: PreparedSystem; bridge: string | null; isReady: boolean }> {
  const { isCheck, say } = surroundings;
  const system = prepareSystem(surroundings);
  if (system.libtorch === null) {
    say('Would build the bridge.');
    return { system, bridge: null, isReady: false };
  }
  const place = placeForBridge(system.libtorch.version);
  const wasBuilt = prepareBridge(system.libtorch, place, surroundings);
  const wasChosen = bridgeFolder() === place.folder;
  if (!isCheck) await chooseBridge(place);
  else if (wasBuilt && !wasChosen) say('Would choose that bridge in place of the one in use.');
  const named = process.env.LXMERT_NATIVE;
  if (named !== undefined) say(`LXMERT_NATIVE is set: ${named} is loaded in place of that bridge.`);
  return { system, bridge: place.folder, isReady: system.isReady && wasBuilt && wasChosen };
}
