/** @file The type of what find-libtorch.mjs finds, as far as the command needs it. */

export interface Libtorch {
  readonly kind: 'env' | 'python' | 'system';
  /** The installation's folder. */
  readonly root: string;
  /** As in "1.13.1" or "2.6.0+cpu". */
  readonly version: string;
}
