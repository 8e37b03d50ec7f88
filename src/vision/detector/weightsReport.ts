/** @file An account of a file's tensors as weights of the detector: used, missing, of another shape, passed over. */

import { CheckpointError, type CheckpointFile } from '../../checkpoint/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';
import {
  DETECTOR_FACTS,
  type DetectorFacts,
  type DetectorFamily,
  detectorSource,
  ORIGIN_NOTE,
  wantedTensors,
} from './weightsFamily.js';
import { detectorLayers } from './weightsLayers.js';

/** A tensor that is not as the network needs it. */
export interface MisfitTensor {
  readonly name: string;
  readonly expected: readonly number[];
  readonly found: readonly number[];
}

export interface DetectorReport {
  readonly file: string;
  readonly family: DetectorFamily;
  /** True for a file that this program wrote: folded, by canonical names. */
  readonly isConverted: boolean;
  readonly facts: DetectorFacts;
  /** For a converted file that says it, the SHA-256 of the file it was made from. */
  readonly originSha256: string | undefined;
  /** Tensors that the detector consists of, in files of this family. */
  readonly numWanted: number;
  /** By their names in the file, as the two that follow. */
  readonly loaded: readonly string[];
  readonly missing: readonly string[];
  readonly misfits: readonly MisfitTensor[];
  /** In the file, not in the network: layers with weights of a .caffemodel, tensors of the others. */
  readonly ignored: readonly string[];
}

/** @throws CheckpointError when the file holds no detector of any family */
export function reportDetector(
  checkpoint: CheckpointFile,
  architecture: DetectorArchitecture = BOTTOM_UP_ATTENTION,
): DetectorReport {
  const source = detectorSource(checkpoint);
  if (source === undefined) {
    const names = [...checkpoint.entries.keys()].slice(0, 3).join(', ');
    if (checkpoint.model.encoder !== undefined) {
      throw new CheckpointError(
        checkpoint.path,
        "these are the weights of LXMERT or of a BERT, which --model, --load-encoder or --load-bert take. The region detector's are needed here, such as resnet101_faster_rcnn_final_iter_320000.caffemodel.",
      );
    }
    throw new CheckpointError(
      checkpoint.path,
      `these are not the weights of the region detector: its tensors begin with ${names || 'nothing'}. Expected the bottom-up-attention .caffemodel, a PyTorch port's .pkl or .bin, or what lxmert checkpoint convert made of one.`,
    );
  }
  if (checkpoint.entries.has('roi_heads.box_predictor.attr_linear1.weight')) {
    throw new CheckpointError(
      checkpoint.path,
      "these are the weights of a third PyTorch port (MILVLG's bottom-up-attention.pytorch), whose names are not read. Use the .caffemodel that they were made from.",
    );
  }
  const loaded: string[] = [];
  const missing: string[] = [];
  const misfits: MisfitTensor[] = [];
  const wanted = new Set<string>();
  const isCaffe = source.family === 'caffe' && !source.isConverted;
  for (const layer of detectorLayers(architecture)) {
    for (const { name, shape } of wantedTensors(layer, source, architecture)) {
      wanted.add(name);
      const entry = checkpoint.entries.get(name);
      if (entry === undefined) missing.push(name);
      else if (!entry.dtype.includes('float') || !isShape(entry.shape, shape, isCaffe)) {
        misfits.push({ name, expected: shape, found: entry.shape });
      } else loaded.push(name);
    }
  }
  const { family, isConverted } = source;
  const ignored = isCaffe
    ? ignoredLayers(checkpoint, wanted, misfits)
    : [...checkpoint.entries.keys()].filter((name) => !wanted.has(name));
  const facts = DETECTOR_FACTS[family];
  return {
    file: checkpoint.path,
    family,
    isConverted,
    facts,
    originSha256: isConverted ? originOf(checkpoint) : undefined,
    numWanted: wanted.size,
    loaded,
    missing,
    misfits,
    ignored,
  };
}

function originOf(checkpoint: CheckpointFile): string | undefined {
  const note = checkpoint.parsed.metadata.get(ORIGIN_NOTE);
  return note !== undefined && /^[0-9a-f]{64}$/.test(note) ? note : undefined;
}

/** Caffe's old files have four sizes, the first ones 1, whatever the blob. */
function isShape(found: readonly number[], expected: readonly number[], allowsLegacy: boolean): boolean {
  if (found.join() === expected.join()) return true;
  return allowsLegacy && found.length === 4 && found.join() === [1, 1, 1, 1, ...expected].slice(-4).join();
}

/** Layers that the network has not. A layer that it has, with a blob too many, is another layer. */
function ignoredLayers(
  checkpoint: CheckpointFile,
  wanted: ReadonlySet<string>,
  misfits: MisfitTensor[],
): string[] {
  const ignored: string[] = [];
  for (const { name, numBlobs } of checkpoint.parsed.layers ?? []) {
    if (numBlobs === 0) continue;
    if (!wanted.has(`${name}/0`)) ignored.push(name);
    else if (!wanted.has(`${name}/${numBlobs - 1}`)) {
      const extra = `${name}/${numBlobs - 1}`;
      misfits.push({ name: extra, expected: [], found: checkpoint.entries.get(extra)?.shape ?? [] });
    }
  }
  return ignored;
}

/** @throws CheckpointError unless the report is that of a whole detector */
export function requireWholeDetector(report: DetectorReport): void {
  const { file, family, numWanted, loaded, missing, misfits } = report;
  const what = { caffe: "Caffe's", detectron2: "the Detectron2 port's", huggingface: "Hugging Face's" }[
    family
  ];
  const [misfit] = misfits;
  if (misfit !== undefined) {
    const expected =
      misfit.expected.length === 0 ? 'there should be none' : `expected ${times(misfit.expected)}`;
    throw new CheckpointError(
      file,
      `this is not the bottom-up-attention detector: ${misfit.name} is ${times(misfit.found)}, ${expected}. The file is of another model; LXMERT's features come from resnet101_faster_rcnn_final_iter_320000.caffemodel or a port of it.`,
    );
  }
  if (missing.length === 0) return;
  const advice =
    loaded.length > numWanted / 4
      ? 'The file is cut short or of a variant of the model; download or copy it again.'
      : "The file is of another model; LXMERT's features come from resnet101_faster_rcnn_final_iter_320000.caffemodel or a port of it.";
  throw new CheckpointError(
    file,
    `of the detector's ${numWanted} tensors by ${what} names, ${missing.length} are missing, such as ${missing[0]}. ${advice}`,
  );
}

function times(shape: readonly number[]): string {
  return shape.length === 0 ? 'a single number' : shape.join(' x ');
}

/** The report as a few lines for a person. */
export function renderDetectorReport(report: DetectorReport): string {
  const { file, loaded, missing, misfits, ignored } = report;
  const lines = [`Loaded ${loaded.length} tensors of the detector from ${file}.`];
  const list = (names: readonly string[]): string => {
    const shown = names.slice(0, 3).join(', ');
    return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`;
  };
  if (missing.length > 0) lines.push(`Not in the file: ${list(missing)}.`);
  if (misfits.length > 0) lines.push(`Of another shape: ${list(misfits.map(({ name }) => name))}.`);
  if (ignored.length > 0) lines.push(`In the file, not used: ${list(ignored)}.`);
  return lines.join('\n');
}
