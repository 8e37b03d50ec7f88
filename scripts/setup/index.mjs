/**
 * @file What a machine needs before LXMERT can compute: libtorch, a fast BLAS, compilers, the bridge. ./setup in a
 * clone and `lxmert setup` of an installed package both call this. It runs before anything is compiled, so it is
 * plain JavaScript that imports nothing but Node.js.
 */

import { chooseBlas } from './blas.mjs';
import { bridgeOfOther, buildBridge, isBridgeBuilt } from './build-bridge.mjs';
import { SetupError } from './errors.mjs';
import { debianTriplet, findLibtorch } from './find-libtorch.mjs';
import { installPackages, missingPackages } from './system-packages.mjs';

export { SetupError };

/**
 * Finds libtorch, or installs it and what else is missing of the system.
 *
 * @throws {SetupError} when something cannot be installed here
 */
export function prepareSystem({ isCheck, command, say }) {
  let libtorch = findAndSay(say);
  const packages = missingPackages(libtorch);
  if (packages.length > 0 && isCheck) {
    say(`Would install with apt: ${packages.join(' ')}`);
  } else if (packages.length > 0) {
    installPackages(packages, { say, command });
    libtorch ??= findAndSay(say);
    if (libtorch === null)
      throw new SetupError(
        "libtorch-dev is installed, but no libtorch was found: see 'dpkg -L libtorch-dev'.",
      );
  }
  const numToChoose = chooseBlas({ libtorch, isCheck, say, triplet: debianTriplet });
  return { libtorch, missing: packages, isReady: packages.length === 0 && numToChoose === 0 };
}

function findAndSay(say) {
  const libtorch = findLibtorch();
  say(
    libtorch === null
      ? 'No libtorch on this machine (LIBTORCH is not set, Python has no torch, no system package).'
      : `libtorch ${libtorch.version} in ${libtorch.root}.`,
  );
  return libtorch;
}

/**
 * Builds the bridge where it is not built for this libtorch; in a clone, what changed of it.
 *
 * @returns {boolean} whether there was nothing to do, as far as a check can tell
 * @throws {SetupError} when it does not build
 */
export function prepareBridge(libtorch, place, { isCheck, say }) {
  const isBuilt = isBridgeBuilt(libtorch, place);
  if (isCheck) {
    const other = isBuilt ? undefined : bridgeOfOther(libtorch, place);
    if (other !== undefined)
      say(`The bridge in ${place.folder} was built for ${other}, and not for this one.`);
    say(isBuilt ? `The bridge is built in ${place.folder}.` : `Would build the bridge into ${place.folder}.`);
    return isBuilt;
  }
  if (!isBuilt) say('Building the bridge; on two cores this takes half a minute.');
  if (!isBuilt || !place.isCached) buildBridge(libtorch, place);
  say(`Bridge for libtorch ${libtorch.version}: ${place.folder}`);
  return isBuilt;
}
