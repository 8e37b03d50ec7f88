/** @file The compressed .wasm files of the site: loaded with the model, checked, kept, and unpacked. */

import type { SiteDescription } from '../../src/export/site/description.js';
import { browserPlatform } from '../../src/runtime/browser/platform.js';
import type { Loading } from './protocol.js';

export class EngineFiles {
  #site: SiteDescription | undefined;
  #base = '';
  #onLoading: (loading: Loading) => void = () => undefined;

  /** @param base of the site */
  start(site: SiteDescription, base: string, onLoading: (loading: Loading) => void): void {
    this.#site = site;
    this.#base = base;
    this.#onLoading = onLoading;
  }

  async read(name: string): Promise<Uint8Array> {
    const file = this.#site?.engines[name];
    if (file === undefined) throw new Error(`This site was exported without ${name}.`);
    const { path, numBytes, sha256 } = file;
    const folder = await browserPlatform.openFolder(this.#base, {});
    const bytes = await folder.readLarge(
      path,
      { numBytes, sha256 },
      { asPath: false, onBytes: (count) => this.#onLoading({ numBytes: count, totalBytes: numBytes }) },
    );
    return await unpacked(bytes as Uint8Array<ArrayBuffer>);
  }
}

async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
