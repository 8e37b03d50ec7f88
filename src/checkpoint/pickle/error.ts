/** @file The pickle interpreter's error, worded to follow "the pickled data cannot be read:". */

import { LxmertError } from '../../common/errors.js';

/** A pickle that is malformed or asks for what is not plain data. */
export class PickleError extends LxmertError {}
