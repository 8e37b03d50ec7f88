/** @file Choosing a picture: dropped anywhere, picked from files, pasted, or one of the bundled scenes. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useRoving } from '../view/roving.js';
import type { KnownPicture } from './seen.js';

interface Props<P extends KnownPicture> {
  readonly samples: readonly P[];
  readonly sampleUrls: ReadonlyMap<string, string>;
  readonly chosen: string | undefined;
  /** Absent where regions are known for the samples alone. */
  readonly onFile?: ((file: File) => void) | undefined;
  readonly onSample: (sample: P) => void;
}

export function PictureChooser<P extends KnownPicture>({
  samples,
  sampleUrls,
  chosen,
  onFile,
  onSample,
}: Props<P>) {
  const input = useRef<HTMLInputElement>(null);
  const isOver = useDropped(onFile);
  const roving = useRoving(samples.length);
  return (
    <fieldset
      class={`chooser ${isOver ? 'over' : ''} ${chosen === undefined ? 'empty' : ''}`}
      aria-label="Picture"
    >
      {onFile !== undefined && (
        <>
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
          <span class="how">or drop or paste one{samples.length > 0 ? ', or take a sample:' : ' here'}</span>
        </>
      )}
      {samples.length > 0 && (
        <ul class="samples" aria-label="Samples" {...roving.list}>
          {samples.map((sample, i) => (
            <li key={sample.name}>
              <button
                type="button"
                tabIndex={roving.tabIndexOf(i)}
                aria-pressed={sample.name === chosen}
                aria-label={labelOf(sample)}
                title={labelOf(sample)}
                onClick={() => onSample(sample)}
              >
                <img src={sampleUrls.get(sample.name)} alt="" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {chosen !== undefined && !samples.some(({ name }) => name === chosen) && (
        <bdi class="chosen-name">{chosen}</bdi>
      )}
    </fieldset>
  );
}

/** By what it shows, where that is known. */
function labelOf({ name, objects }: KnownPicture): string {
  return objects.length === 0 ? name : `Sample: ${objects.map((object) => object.name).join(', ')}`;
}

/** Takes files that are dropped anywhere on the page, or pasted. @returns whether something is held over it */
function useDropped(onFile: ((file: File) => void) | undefined): boolean {
  const [isOver, setIsOver] = useState(false);
  useLayoutEffect(() => {
    if (onFile === undefined) return;
    const take = (file: File | undefined): void => {
      if (file !== undefined) onFile(file);
    };
    const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') ?? false;
    const events: { [Name in keyof WindowEventMap]?: (event: WindowEventMap[Name]) => void } = {
      dragover: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setIsOver(true);
      },
      dragleave: ({ relatedTarget }) => {
        if (relatedTarget === null) setIsOver(false);
      },
      drop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setIsOver(false);
        take(event.dataTransfer?.files[0]);
      },
      paste: ({ clipboardData }) =>
        take([...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))),
    };
    for (const [name, listener] of Object.entries(events)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(events))
        removeEventListener(name, listener as EventListener);
    };
  }, [onFile]);
  return isOver;
}
