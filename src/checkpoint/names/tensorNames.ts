/**
 * @file The names that tensors go by in each family of files, and one canonical name for each
 * (docs/how-it-works/reference-implementation.md, "Tensor names").
 */

import { LxmertError } from '../../common/errors.js';

/**
 * Whose names a file uses: the reference's pre-training (`bert.`, `cls.`, ...), the reference's fine-tuned models
 * (`lxrt_encoder.model.`, `logit_fc.`), or Hugging Face (`lxmert.`, `answer_head.`).
 */
export type NamingFamily = 'reference-pretraining' | 'reference-finetuned' | 'huggingface';

const FINE_TUNED_PREFIX = 'lxrt_encoder.model.';

/** The encoder alone, saved from Hugging Face's LxmertModel, has no `lxmert.` before its parts. */
const BARE_ENCODER = /^(?=(embeddings|encoder|pooler)\.)/;

/** Canonical names of the published models' parts begin so. */
const PARTS = ['bert.', 'cls.', 'obj_predict_head.', 'answer_head.'] as const;

/** Parts that only pre-training has. */
const PRETRAINING_PARTS = ['cls.', 'obj_predict_head.'] as const;

/** What the names of a task's further heads begin with, without the point, such as `answerability_head`. */
export type HeadPrefixes = readonly string[];

/** The family that a file's names belong to. */
export function namingFamily(names: Iterable<string>): NamingFamily {
  for (const name of names) {
    const inner = name.replace(/^module\./, '');
    if (inner.startsWith('lxrt_encoder.')) return 'reference-finetuned';
    if (inner.startsWith('lxmert.') || BARE_ENCODER.test(inner)) return 'huggingface';
  }
  return 'reference-pretraining';
}

/**
 * The canonical name: the reference's pre-training name without `module.` (which several-GPU runs add), with the
 * answer head as `answer_head.`. LayerNorm parameters of old BERT files, `gamma` and `beta`, become `weight` and
 * `bias`. A name of another model comes back much as it is.
 */
export function canonicalName(name: string): string {
  return name
    .replace(/^module\./, '')
    .replace(/^lxrt_encoder\.model\.(module\.)?/, '')
    .replace(/^logit_fc\./, 'answer_head.logit_fc.')
    .replace(/^lxmert\./, 'bert.')
    .replace(BARE_ENCODER, 'bert.')
    .replace(/\.gamma$/, '.weight')
    .replace(/\.beta$/, '.bias');
}

/** True when a canonical name belongs to one of LXMERT's parts, or to a task's head. */
export function isKnownPart(canonical: string, heads: HeadPrefixes = []): boolean {
  return PARTS.some((part) => canonical.startsWith(part)) || isOfHead(canonical, heads);
}

function isOfHead(canonical: string, heads: HeadPrefixes): boolean {
  return heads.some((head) => canonical.startsWith(`${head}.`));
}

/**
 * A canonical name as `family` spells it. Heads that the published code does not have keep their names in every family.
 *
 * @throws LxmertError for a tensor that the family has no name for
 */
export function nameIn(family: NamingFamily, canonical: string, heads: HeadPrefixes = []): string {
  switch (family) {
    case 'reference-pretraining':
      return canonical;
    case 'huggingface':
      return canonical.replace(/^bert\./, 'lxmert.');
    case 'reference-finetuned':
      if (canonical.startsWith('bert.')) return FINE_TUNED_PREFIX + canonical;
      if (canonical.startsWith('answer_head.')) return canonical.slice('answer_head.'.length);
      if (isOfHead(canonical, heads)) return canonical;
      throw new LxmertError(
        `The tensor '${canonical}' has no place in a fine-tuned reference model, which has an encoder and the heads of its task only.`,
      );
  }
}

/**
 * The reference's family for a set of canonical names: fine-tuned when there is an answer head, and besides the encoder
 * nothing but heads of tasks.
 */
export function referenceFamily(canonicalNames: Iterable<string>, heads: HeadPrefixes = []): NamingFamily {
  let hasAnswerHead = false;
  for (const name of canonicalNames) {
    if (name.startsWith('answer_head.')) hasAnswerHead = true;
    else if (name.startsWith('bert.')) continue;
    else if (PRETRAINING_PARTS.some((part) => name.startsWith(part)) || !isOfHead(name, heads)) {
      return 'reference-pretraining';
    }
  }
  return hasAnswerHead ? 'reference-finetuned' : 'reference-pretraining';
}
