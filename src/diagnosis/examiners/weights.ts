/** @file Weights of a model or of the region detector: what the file describes, and whether its values are numbers. */

import type { ValueSummary } from '../../checkpoint/index.js';
import { messageOf } from '../../common/errors.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatCount, formatMillions, formatNumber } from '../../formats/numbers.js';
import { headPrefixes } from '../../tasks/registry.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { type FileReport, report, someOf } from '../fileReport.js';

/** The published model has 0.9 GB; a second and a half. Values of more are not read. */
const MAX_READ_BYTES = 2e9;

/**
 * @param what the file's kind, where it turns out to be no weights that are known
 */
export async function examineWeights(file: string, what: string): Promise<FileReport> {
  try {
    // Only here: the reader of weights loads libtorch with it.
    const { CheckpointFile, describeCheckpoint, modelSettings, readingNotes, summarizeValues } = await import(
      '../../checkpoint/index.js'
    );
    const checkpoint = await CheckpointFile.open(file);
    if (detectorSource(checkpoint) !== undefined) return await examineDetector(file, checkpoint);
    const found = describeCheckpoint(checkpoint, await headPrefixes());
    const settings = await modelSettings(checkpoint).catch((error: unknown) => messageOf(error));
    const values = found.numTensorBytes <= MAX_READ_BYTES ? summarizeValues(checkpoint) : undefined;
    const notes = typeof settings === 'string' ? [] : settings.notes;
    const { sizes, numAnswers, missing, others } = found;
    const answers = numAnswers === undefined ? 'no answer head' : formatCount(numAnswers, 'answer');
    const heads = found.taskHeads.length > 0 ? `; heads ${found.taskHeads.join(', ')}` : '';
    return report(file, `weights of LXMERT (${found.kind}, ${found.names} names)`, {
      facts: [
        `${answers}${heads}; ${formatMillions(found.numUniqueValues)} parameters, ${formatBytes(found.numBytes)}`,
        `${sizes.numLanguageLayers} language, ${sizes.numVisionLayers} vision, ${sizes.numCrossLayers} cross-modality layers of width ` +
          `${sizes.hiddenSize}; ${formatNumber(sizes.vocabSize)} word pieces, ${formatNumber(sizes.visualFeatureSize)} values a region`,
        values === undefined
          ? `its values were not read, since they are over ${formatBytes(MAX_READ_BYTES)}`
          : `values from ${short(values.min)} to ${short(values.max)}`,
        ...[...readingNotes(checkpoint), ...notes].map((note) => note.replace(`${file}: `, '')),
        ...(others.length > 0 ? [`${others.length} tensors are no part of LXMERT: ${someOf(others)}`] : []),
      ],
      problems: [
        ...(missing.length > 0
          ? [`${missing.length} tensors of its encoder are missing or do not fit: ${someOf(missing)}.`]
          : []),
        ...(typeof settings === 'string' ? [settings] : []),
        ...valueProblems(values),
      ],
      wayOn: wayOn(file, numAnswers !== undefined),
      traits: {
        ...(numAnswers !== undefined && { numAnswers }),
        numWordEmbeddings: sizes.vocabSize,
        modelFeatureSize: sizes.visualFeatureSize,
      },
    });
  } catch (error) {
    return report(file, what, { problems: [messageOf(error)] });
  }
}

function valueProblems(values: ValueSummary | undefined): string[] {
  const { notFinite = [], constant = [] } = values ?? {};
  return [
    ...(notFinite.length > 0
      ? [
          `${formatNumber(notFinite.length)} of its tensors have values that are no numbers (NaN or infinite): ${someOf(notFinite)}.`,
        ]
      : []),
    ...(constant.length > 0
      ? [
          `In ${formatNumber(constant.length)} of its tensors every value is the same, as before a training: ${someOf(constant)}.`,
        ]
      : []),
  ];
}

function short(value: number | null): string {
  return value === null ? 'no number' : String(Number(value.toPrecision(3)));
}

function wayOn(file: string, hasAnswers: boolean): string {
  const word = shellWord(file);
  return hasAnswers
    ? `Ask it with: lxmert answer PICTURE "QUESTION" --model ${word} --vocab vocab.txt --answers trainval_label2ans.json --detector resnet101.caffemodel`
    : `Fine-tune it with: lxmert finetune vqa --train train.json --valid minival.json --features features/mine --answers trainval_label2ans.json --vocab vocab.txt --load-encoder ${word} --output runs/vqa`;
}

async function examineDetector(
  file: string,
  checkpoint: Parameters<typeof detectorSource>[0],
): Promise<FileReport> {
  const { describeDetector } = await import('../../vision/detector/weightsDescription.js');
  const { family, loaded, numWanted, misfits, numBytes } = describeDetector(checkpoint);
  const isWhole = loaded.length === numWanted && misfits.length === 0;
  return report(file, `weights of the region detector (${family})`, {
    facts: [`${loaded.length} of the ${numWanted} tensors that are needed; ${formatBytes(numBytes)}`],
    problems: isWhole
      ? []
      : ['It is not a whole region detector: lxmert checkpoint info names what is missing.'],
    wayOn: `Find regions with: lxmert extract PICTURES --detector ${shellWord(file)} --out features/mine`,
    traits: { isDetector: isWhole },
  });
}
