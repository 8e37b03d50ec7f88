/** @file What a file of this field is: its form, what a person calls it, and the command that takes it. */

/** A form that was recognised. */
export interface FileForm {
  /** A word to decide by. */
  readonly form: string;
  /** As it stands after "holds": `the official questions of VQA v2`. */
  readonly title: string;
  /** The way on in whole sentences, with the command that takes the file where there is one. */
  readonly wayOn: string;
  /** The first command of the way on, ready to be pasted; undefined where no command takes the file. */
  readonly command: string | undefined;
  /** Where its records stand, for who reads them. */
  readonly layout: FormLayout;
}

/** A list (under `key` of an object), JSON lines, the entries of an object by id, or none of these. */
export type FormLayout =
  | { readonly kind: 'list'; readonly key?: string | undefined }
  | { readonly kind: 'lines' | 'entries' | 'none' };

const VQA_NAMES =
  /(train2014|val2014|test2015|vqacp_v[12]_(train|test))_(questions|annotations)\.json(\.gz)?$/;

/** Whether `lxmert prepare vqa` knows a file: the end of its name says of which half of COCO the images are. */
export function isNamedForVqa(file: string): boolean {
  return VQA_NAMES.test(file);
}

/** What to do with a file that is in VQA's form under a name of its own, before the command that takes it. */
const VQA_NAME_RULE =
  'prepare vqa knows files by the ends of their names, such as train2014_questions.json and ' +
  'train2014_annotations.json, which say of which half of COCO the images are; of this one say it with --as, as in --as ' +
  'train2014. Questions about other images are trained on with lxmert finetune custom (docs/how-to/custom-data.md).';

/** A rule's finding; `FILE` stands for the file's name in both texts. */
export interface Finding {
  readonly form: string;
  readonly title: string;
  /** A sentence before the command. */
  readonly advice: string;
  readonly command?: string | undefined;
  readonly layout?: FormLayout;
}

/** The file's name as a shell takes it. */
export function shellWord(name: string): string {
  return /^[\w./@%+=:,-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** The form of a finding for a file whose records, unless the finding says otherwise, stand in `layout`. */
export function formOf(finding: Finding, file: string, layout: FormLayout): FileForm {
  const named = (text: string): string => text.replaceAll('FILE', () => shellWord(file));
  const command = finding.command === undefined ? undefined : named(finding.command);
  const isForVqa = /^lxmert prepare vqa .*FILE/.test(finding.command ?? '');
  const rule =
    isForVqa && /(Questions|Annotations)$/.test(finding.form) && !isNamedForVqa(file)
      ? `${VQA_NAME_RULE} `
      : '';
  const advice = `${rule}${named(finding.advice)}`;
  return {
    form: finding.form,
    title: finding.title,
    wayOn: command === undefined ? advice : `${advice}: ${command}`,
    command,
    layout: finding.layout ?? layout,
  };
}
