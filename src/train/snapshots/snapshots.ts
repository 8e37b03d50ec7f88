/**
 * @file Everything that a run needs to go on exactly where it was: weights, optimizer, random numbers, its place.
 *
 * A snapshot is two files: tensors (safetensors), and then a manifest with their length and checksum. Only what has a
 * manifest that its tensors match is a snapshot, so that one torn by a crash or a full disk is never used.
 */

import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { z } from 'zod';
import { CheckpointFile, saveTensors } from '../../checkpoint/index.js';
import { removePartialFiles, writeFileAtomic } from '../../common/atomicFile.js';
import { hasErrorCode, LxmertError, messageOf } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';
import { systemFault } from '../../common/systemFault.js';
import { describeJsonFault } from '../../formats/jsonFault.js';
import type { Module } from '../../model/index.js';
import {
  type Device,
  getRandomState,
  noGrad,
  scope,
  setRandomState,
  type Tensor,
} from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LossScale } from '../gpu/lossScale.js';
import type { FlatParameters } from '../optimizers/flatParameters.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { type TrainingState, trainingStateSchema } from './trainingState.js';

/** What a snapshot is taken of. */
export interface SnapshotTarget {
  readonly model: Module;
  readonly parameters: FlatParameters;
  readonly optimizer: Optimizer;
  /** In float16. */
  readonly lossScale?: LossScale | undefined;
}

const manifestSchema = z.object({
  version: z.literal(1),
  numBytes: z.int().min(1),
  /** CRC-32 of the file of tensors. */
  checksum: z.int().min(0),
  state: trainingStateSchema,
  /** Steps that each parameter was trained. */
  steps: z.record(z.string(), z.int().min(0)),
  /** In float16: what the loss is multiplied by, and steps since that changed. */
  lossScale: z.object({ scale: z.number().gt(0), numSteps: z.int().min(0) }).optional(),
});
type Manifest = z.output<typeof manifestSchema>;

const PARAMETER = 'parameter/';
const OPTIMIZER = 'optimizer/';
/** Of each device's generator. A GPU's goes by its kind: a run may go on on another one. */
const RANDOM = 'random/';
const randomNameOf = (device: Device): string => RANDOM + (device.split(':')[0] ?? '');

export class Snapshots {
  /**
   * @param folder made when first needed
   * @param numKept older ones are removed
   */
  constructor(
    readonly folder: string,
    readonly numKept: number,
  ) {}

  /**
   * Writes a snapshot; the ones before stay until it is whole.
   *
   * @throws LxmertError when the disk is full or cannot be written to; it says which snapshot is whole
   */
  async save(target: SnapshotTarget, state: TrainingState): Promise<void> {
    try {
      await this.#write(target, state);
    } catch (error) {
      const fault = systemFault(error, this.folder);
      if (fault === undefined) throw error;
      const [newest] = await this.#names();
      throw new LxmertError(
        `The snapshot of step ${state.step} (epoch ${state.epoch}) could not be written. ${fault.sentence} ${newest === undefined ? 'There is none before it, so the run would begin anew.' : `The one before it, ${newest}, is whole: once the cause is gone, the same command with --resume goes on from there.`}`,
        { cause: error },
      );
    }
  }

  async #write(
    { model, parameters, optimizer, lossScale }: SnapshotTarget,
    state: TrainingState,
  ): Promise<void> {
    makeFolder(this.folder);
    const name = nameOf(state.step);
    const file = this.#file(`${name}.safetensors`);
    // Taken again after a resume from an earlier one: it counts only when it is whole anew.
    await rm(this.#file(`${name}.json`), { force: true });
    const saved = optimizer.state();
    const random = devicesOf(parameters).map(
      (device) => [randomNameOf(device), getRandomState(device)] as const,
    );
    try {
      const tensors = new Map<string, Tensor>(random);
      for (const [key, tensor] of model.namedParameters()) tensors.set(PARAMETER + key, tensor);
      for (const [key, tensor] of saved.tensors) tensors.set(OPTIMIZER + key, tensor);
      await saveTensors(file, tensors);
    } finally {
      for (const [, generator] of random) generator.dispose();
      for (const tensor of saved.tensors.values()) tensor.dispose();
    }
    const manifest: Manifest = {
      version: 1,
      numBytes: (await stat(file)).size,
      checksum: await checksumOf(file),
      state,
      steps: { ...saved.steps },
      ...(lossScale !== undefined && { lossScale: lossScale.state() }),
    };
    await writeFileAtomic(this.#file(`${name}.json`), `${JSON.stringify(manifest)}\n`);
    for (const old of (await this.#names()).slice(this.numKept)) await this.#remove(old);
  }

  /**
   * Puts the newest whole snapshot back into a model and its optimizer.
   *
   * @param warn gets a sentence for each snapshot that is torn and passed over
   * @returns where the run was, or undefined when there is no snapshot
   * @throws LxmertError when a whole snapshot is of another model
   */
  async restore(target: SnapshotTarget, warn: (line: string) => void): Promise<TrainingState | undefined> {
    await this.#sweep();
    for (const name of await this.#names()) {
      const manifest = await this.#readWhole(name).catch((error: unknown) => {
        warn(`Snapshot ${name} is torn and not used: ${messageOf(error)}`);
        return undefined;
      });
      if (manifest === undefined) continue;
      await this.#putBack(this.#file(`${name}.safetensors`), manifest, target);
      return manifest.state;
    }
    return undefined;
  }

  async #putBack(
    file: string,
    manifest: Manifest,
    { model, parameters, optimizer, lossScale }: SnapshotTarget,
  ): Promise<void> {
    const tensors = await CheckpointFile.open(file);
    const own = model.namedParameters();
    for (const [key, parameter] of own) {
      const entry = tensors.entries.get(PARAMETER + key);
      if (entry === undefined || entry.shape.join() !== parameter.shape.join()) {
        throw new LxmertError(
          `${file} is of another model: the parameter ${key} is ${entry === undefined ? 'not in it' : `(${entry.shape.join(', ')}) in it, not (${parameter.shape.join(', ')})`}. Resume with the settings that the run was started with.`,
        );
      }
    }
    scope(() =>
      noGrad(() => {
        for (const [key, parameter] of own) ops.copy_(parameter, tensors.tensor(PARAMETER + key));
        const states = new Map<string, Tensor>();
        for (const key of tensors.entries.keys()) {
          if (key.startsWith(OPTIMIZER)) states.set(key.slice(OPTIMIZER.length), tensors.tensor(key));
        }
        optimizer.restore(states, manifest.steps);
        for (const device of devicesOf(parameters)) {
          // A run that was on the CPU before has no generator of a GPU to go on with.
          if (!tensors.entries.has(randomNameOf(device))) continue;
          setRandomState(ops.clone(tensors.tensor(randomNameOf(device))), device);
        }
        if (manifest.lossScale !== undefined) lossScale?.restore(manifest.lossScale);
      }),
    );
    parameters.refreshCopies();
  }

  /** @throws when the manifest or the tensors are not what was written */
  async #readWhole(name: string): Promise<Manifest> {
    const text = await readFile(this.#file(`${name}.json`), 'utf8');
    let manifest: unknown;
    try {
      manifest = JSON.parse(text);
    } catch {
      throw new LxmertError(`its manifest is no JSON (${describeJsonFault(text)}).`);
    }
    const parsed = manifestSchema.safeParse(manifest);
    if (!parsed.success) throw new LxmertError('its manifest is not one of a snapshot.');
    const file = this.#file(`${name}.safetensors`);
    const { size } = await stat(file).catch((error: unknown) => {
      throw hasErrorCode(error, 'ENOENT') ? new LxmertError('its tensors are gone.') : error;
    });
    if (size !== parsed.data.numBytes) {
      throw new LxmertError(`its tensors have ${size} bytes, not ${parsed.data.numBytes}.`);
    }
    if ((await checksumOf(file)) !== parsed.data.checksum) {
      throw new LxmertError('its tensors do not have the checksum that they were written with.');
    }
    return parsed.data;
  }

  /** Snapshots with a manifest, the newest first. */
  async #names(): Promise<string[]> {
    const found = await readdir(this.folder).catch(() => []);
    return found
      .filter((file) => NAME.test(file))
      .map((file) => file.replace(/\.json$/, ''))
      .sort()
      .reverse();
  }

  /** Removes what a crash left: half-written files, and tensors that never got their manifest. */
  async #sweep(): Promise<void> {
    await removePartialFiles(this.folder);
    const found: string[] = await readdir(this.folder).catch(() => []);
    for (const file of found) {
      const name = /^(step-\d{10})\.safetensors$/.exec(file)?.[1];
      if (name !== undefined && !found.includes(`${name}.json`)) await rm(this.#file(file), { force: true });
    }
  }

  async #remove(name: string): Promise<void> {
    // The manifest first: tensors without one are no snapshot.
    await rm(this.#file(`${name}.json`), { force: true });
    await rm(this.#file(`${name}.safetensors`), { force: true });
  }

  #file(name: string): string {
    return path.join(this.folder, name);
  }
}

function devicesOf({ device }: FlatParameters): readonly Device[] {
  return device === 'cpu' ? ['cpu'] : ['cpu', device];
}

const NAME = /^step-\d{10}\.json$/;

/** Sorted by name is sorted by step. */
function nameOf(step: number): string {
  return `step-${String(step).padStart(10, '0')}`;
}

async function checksumOf(file: string): Promise<number> {
  let checksum = 0;
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) {
    checksum = zlib.crc32(part as Buffer, checksum);
  }
  return checksum;
}
