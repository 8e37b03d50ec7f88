/** @file `Lxmert` in browsers and workers. */

import { loadParts } from '../loadLxmert.js';
import type { LoadOptions } from '../loadModel.js';
import { LxmertRuntime } from '../lxmertRuntime.js';
import { browserPlatform } from './platform.js';

/**
 * An exported model that answers in a browser.
 *
 * ```ts
 * const lxmert = await Lxmert.load('/models/vqa', { onProgress: ({ numBytes, totalBytes }) => show(numBytes / totalBytes) });
 * const { answers } = await lxmert.answer(file, 'What color is the cat?');
 * ```
 */
export class Lxmert extends LxmertRuntime {
  /**
   * @param source the URL of a folder that `lxmert export onnx` wrote, relative to the page or absolute
   * @throws UsageError for what is no such folder; LxmertError when a file of it is missing, cut, changed or of a newer form
   */
  static async load(source: string, options: LoadOptions = {}): Promise<Lxmert> {
    return new Lxmert(await loadParts(browserPlatform, source, options));
  }
}
