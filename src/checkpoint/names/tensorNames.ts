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

/** Canonical names of LXMERT's parts begin so. */
const PARTS = ['bert.', 'cls.', 'obj_predict_head.', 'answer_head.'] as const;

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

/** True when a canonical name belongs to one of LXMERT's parts. */
export function isKnownPart(canonical: string): boolean {
  return PARTS.some((part) => canonical.startsWith(part));
}

/** A canonical name as `family` spells it. @throws LxmertError for a tensor that the family has no name for */
export function nameIn(family: NamingFamily, canonical: string): string {
  switch (family) {
    case 'reference-pretraining':
      return canonical;
    case 'huggingface':
      return canonical.replace(/^bert\./, 'lxmert.');
    case 'reference-finetuned':
      if (canonical.startsWith('bert.')) return FINE_TUNED_PREFIX + canonical;
      if (canonical.startsWith('answer_head.')) return canonical.slice('answer_head.'.length);
      throw new LxmertError(
        `The tensor '${canonical}' has no place in a fine-tuned reference model, which has an encoder and an answer head only.`,
      );
  }
}

/** The reference's family for a set of canonical names: fine-tuned when there is an answer head and nothing else. */
export function referenceFamily(canonicalNames: Iterable<string>): NamingFamily {
  let hasAnswerHead = false;
  for (const name of canonicalNames) {
    if (name.startsWith('answer_head.')) hasAnswerHead = true;
    else if (!name.startsWith('bert.')) return 'reference-pretraining';
  }
  return hasAnswerHead ? 'reference-finetuned' : 'reference-pretraining';
}
