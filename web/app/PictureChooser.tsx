/** @file Choosing a picture: dropped, picked from files, pasted, or one of the bundled scenes. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { KnownPicture } from './seen.js';

interface Props<P extends KnownPicture> {
  readonly samples: readonly P[];
  readonly sampleUrls: ReadonlyMap<string, string>;
  readonly chosen: string | undefined;
  /** Absent where regions are known for the samples alone. */
  readonly onFile?: ((file: File) => void) | undefined;
  readonly onSample: (sample: P) => void;
  /** What the samples are, before their list; and what readers of screens call each. */
  readonly intro?: string;
  readonly labelOf?: (sample: P, place: number) => string;
}

export function PictureChooser<P extends KnownPicture>({
  samples,
  sampleUrls,
  chosen,
  onFile,
  onSample,
  intro = 'Or one of these scenes, which the model never saw:',
  labelOf = (_, place) => `Sample scene ${place + 1}`,
}: Props<P>) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent): void => {
      const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (file !== undefined) onFile?.(file);
    };
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  }, [onFile]);
  return (
    <div>
      {onFile !== undefined && (
        <fieldset
          class={`drop ${isOver ? 'over' : ''}`}
          aria-label="Picture"
          onDragOver={(event) => {
            event.preventDefault();
            setIsOver(true);
          }}
          onDragLeave={() => setIsOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setIsOver(false);
            const [file] = event.dataTransfer?.files ?? [];
            if (file !== undefined) onFile?.(file);
          }}
        >
          <button type="button" class="button" onClick={() => input.current?.click()}>
            Choose a picture
          </button>
          <input
            ref={input}
            class="unseen"
            type="file"
            accept="image/*"
            tabIndex={-1}
            aria-label="Picture file"
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file !== undefined) onFile?.(file);
              // The same file can be chosen again.
              currentTarget.value = '';
            }}
          />
          <p>{chosen ?? 'or drop or paste one here'}</p>
        </fieldset>
      )}
      {samples.length > 0 && (
        <>
          <p class="small">{intro}</p>
          <ul class="samples" aria-label="Sample scenes">
            {samples.map((sample, i) => (
              <li key={sample.name}>
                <button
                  type="button"
                  aria-pressed={sample.name === chosen}
                  aria-label={labelOf(sample, i)}
                  onClick={() => onSample(sample)}
                >
                  <img src={sampleUrls.get(sample.name)} alt="" />
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
