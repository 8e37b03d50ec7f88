/** @file What computes, why, and the choice of another engine or other weights. */

import type { SiteDescription } from '../../src/export/site/description.js';
import { type Model, type ModelChoice, megabytes } from './useModel.js';

interface Props {
  readonly site: SiteDescription;
  readonly model: Model;
}

const ENGINES = [
  [undefined, 'the best here'],
  ['wasm', 'processor (WebAssembly)'],
  ['webgpu', 'graphics (WebGPU)'],
] as const;

export function Engine({ site, model: { engine, choice, choose } }: Props) {
  return (
    <footer class="engine">
      <p class="small" role="status">
        {engine !== undefined &&
          `Computed by ${engine.name} ${engine.version} with ${deviceOf(engine)}. ${engine.reason}`}
      </p>
      <div class="controls">
        <label>
          Compute with
          <select
            value={choice.engine ?? ''}
            onChange={({ currentTarget: { value } }) =>
              choose({ ...choice, engine: value === '' ? undefined : (value as ModelChoice['engine']) })
            }
          >
            {ENGINES.map(([name, label]) => (
              <option key={label} value={name ?? ''}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {site.weights.length > 1 && (
          <label>
            Weights
            <select
              value={choice.precision}
              onChange={({ currentTarget: { value } }) =>
                choose({ ...choice, precision: value as ModelChoice['precision'] })
              }
            >
              {site.weights.map(({ precision, numBytes }) => (
                <option key={precision} value={precision}>
                  {precision} ({megabytes(numBytes)} MB)
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <p class="small">
        {site.createdBy}. Once loaded, the page works without a connection; the model stays in this browser
        until its site data are cleared.
      </p>
    </footer>
  );
}

function deviceOf({ device, numThreads }: NonNullable<Model['engine']>): string {
  if (device === 'webgpu') return 'WebGPU';
  return `WebAssembly, ${numThreads === 1 ? 'one thread' : `${numThreads} threads`}`;
}
