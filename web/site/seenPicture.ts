/** @file A picture that was chosen, with what was seen in it. */

import type { SitePicture } from '../../src/export/site/description.js';
import type { Seen } from './protocol.js';

export interface SeenPicture {
  readonly name: string;
  /** An address of the picture in this page. */
  readonly url: string;
  readonly seen: Seen;
  /** What is known of one that comes with the site. */
  readonly sample: SitePicture | undefined;
}
