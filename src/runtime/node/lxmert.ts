/** @file `Lxmert` of `lxmert/runtime` in Node.js. */

import { loadParts } from '../loadLxmert.js';
import type { LoadOptions } from '../loadModel.js';
import { LxmertRuntime } from '../lxmertRuntime.js';
import { nodePlatform } from './platform.js';

/**
 * An exported model that answers or matches, without libtorch.
 *
 * ```ts
 * await using lxmert = await Lxmert.load('exported/vqa');
 * const { answers } = await lxmert.answer('photo.jpg', 'What color is the cat?', { topK: 3 });
 * console.log(answers[0].answer, answers[0].probability, lxmert.engine.reason);
 * ```
 */
export class Lxmert extends LxmertRuntime {
  /**
   * @param source the path of a folder that `lxmert export onnx` wrote, or its URL (https:, http:, file:)
   * @throws UsageError when there is no such folder, or it is no exported model; LxmertError when a file of it is missing,
   * cut, changed or of a newer form
   */
  static async load(source: string, options: LoadOptions = {}): Promise<Lxmert> {
    return new Lxmert(await loadParts(nodePlatform, source, options));
  }
}
