/** @file The live-tensor counter, by which tests and soak checks see that nothing leaks. */

import { native } from './native.js';

/** The number of tensor handles that are alive in this thread. */
export function liveTensors(): number {
  return native().liveTensors();
}
