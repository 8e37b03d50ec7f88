/** @file Systems and disks that take no links, symbolic or hard ones, such as FAT and some network disks. */

import { hasErrorCode } from './errors.js';

/** Whether an attempt to make a link failed because there can be none. */
export function refusesLinks(error: unknown): boolean {
  return ['EPERM', 'ENOSYS', 'ENOTSUP', 'UNKNOWN'].some((code) => hasErrorCode(error, code));
}
