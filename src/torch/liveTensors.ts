/** @file The live-tensor counter, by which tests and soak checks see that nothing leaks. */

import { isLoaded, native } from './native.js';

/** The number of tensor handles that are alive in this thread; 0 where nothing has used libtorch. */
export function liveTensors(): number {
  return isLoaded() ? native().liveTensors() : 0;
}
