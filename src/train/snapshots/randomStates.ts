/** @file Where the random generators were that a step draws from: the CPU's and the GPU's. */

import { type Device, getRandomState, setRandomState } from '../../torch/index.js';

export interface RandomStates extends Disposable {
  putBack(): void;
  dispose(): void;
}

export function randomStates(device: Device): RandomStates {
  const devices: readonly Device[] = device === 'cpu' ? ['cpu'] : ['cpu', device];
  const states = devices.map((each) => [each, getRandomState(each)] as const);
  const dispose = (): void => {
    for (const [, state] of states) state.dispose();
  };
  return {
    putBack: () => {
      for (const [each, state] of states) setRandomState(state, each);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
