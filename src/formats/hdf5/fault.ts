/** @file Why an HDF5 file cannot be read: it is damaged, or written in a way that is not read here. */

import { LxmertError } from '../../common/errors.js';

/** The bytes contradict themselves or the format. */
export class Hdf5Fault extends LxmertError {
  /** @param what a sentence about the place, such as `The object header at byte 800 is no object header` */
  constructor(file: string, what: string) {
    super(`${file} is not a sound HDF5 file. ${what}. It is damaged; fetch or copy it again.`);
  }
}

/** A part of the format that region features are hardly ever written with. */
export class Hdf5Unread extends LxmertError {
  /** @param what follows "has": `a virtual dataset` */
  constructor(file: string, what: string) {
    super(
      `${file} has ${what}, which is not read here. HDF5's own tools write it plainly: h5repack --layout=CONTI --filter=NONE ${file} OTHER`,
    );
  }
}
