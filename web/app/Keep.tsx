/** @file Keeping an answer: as a page of one file, and as what asks for it again. */

import { useState } from 'preact/hooks';
import type { Answered } from './answering.js';
import type { SavedFrom } from './saveExplanation.js';

interface Props {
  readonly asked: Answered;
  readonly from: SavedFrom;
  /** What asks again, by what each is called. */
  readonly forms: Readonly<Record<string, () => string>>;
}

export function Keep({ asked, from, forms }: Props) {
  const [text, setText] = useState<string | undefined>();
  const [said, setSaid] = useState('');
  const save = (): void => {
    setSaid('Saving ...');
    saved(asked, from).then(
      (file) => setSaid(`Saved as ${file}: a page of one file, which opens without a network.`),
      (error: unknown) =>
        setSaid(`It could not be saved: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  const copy = (form: string): void => {
    setText(form);
    // Without a safe connection a page may not write there; the text can be marked and copied.
    const written = navigator.clipboard?.writeText(form) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => setSaid('Copied.'),
      () => setSaid('This browser lets no page copy here: mark the text and copy it.'),
    );
  };
  return (
    <section class="keep" aria-label="Keep this answer">
      <p>
        <button type="button" class="button" onClick={save}>
          Save this explanation
        </button>
        <span class="small">Copy as</span>
        {Object.entries(forms).map(([name, form]) => (
          <button key={name} type="button" class="small-button" onClick={() => copy(form())}>
            {name}
          </button>
        ))}
      </p>
      <p class="small" role="status">
        {said}
      </p>
      {text !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard
        <pre tabIndex={0}>{text}</pre>
      )}
    </section>
  );
}

/** What makes the page comes when it is needed. */
async function saved(asked: Answered, from: SavedFrom): Promise<string> {
  const { saveExplanation } = await import('./saveExplanation.js');
  return await saveExplanation(asked, from);
}
