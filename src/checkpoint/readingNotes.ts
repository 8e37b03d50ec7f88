/** @file What a person should know of how a weights file was read, as sentences. */

import type { CheckpointFile } from './checkpointFile.js';

/** Which of several models was taken, and what was left off its names; empty for a plain file. */
export function readingNotes({ path: file, parsed, model, answerHeadAt }: CheckpointFile): string[] {
  const { encoder, others } = model;
  const notes: string[] = parsed.entries.some(({ scales }) => scales !== undefined)
    ? [`${file}: its weights were rounded to 8 bits, and are read as the numbers that these stand for.`]
    : [];
  const outer = encoder?.outer ?? '';
  const parts = [
    ...(others.length > 0 && parsed.wrapper.length > 0
      ? [`its dictionary '${parsed.wrapper.join('.')}'`]
      : []),
    ...(outer === '' ? [] : [`the names that begin with '${outer}', without that`]),
    ...(answerHeadAt === undefined ? [] : [`its answer head from '${answerHeadAt}logit_fc'`]),
  ];
  const also = others
    .slice(0, 4)
    .map(
      ({ key, numTensors }) =>
        `'${key || 'the top'}' (${numTensors} ${numTensors === 1 ? 'tensor' : 'tensors'})`,
    )
    .join(', ');
  const more = others.length > 4 ? ` and ${others.length - 4} more` : '';
  const another = others.find(({ isModel }) => isModel);
  if (parts.length > 0 || others.length > 0) {
    const taken = `${file}: read ${parts.join(', ') || 'the weights at its top'}.`;
    const rest = also === '' ? '' : ` It also holds ${also}${more}, not used.`;
    const way = another === undefined ? '' : ` Another model in it is named as '${file}#${another.key}'.`;
    notes.push(taken + rest + way);
  }
  return notes;
}
