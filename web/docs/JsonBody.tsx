/** @file A body of JSON: its text, and a picture that is put into it in any of the ways that the API takes. */

import { useState } from 'preact/hooks';
import type { Schema } from './document.js';
import { PictureField } from './PictureField.js';
import { type About, aboutPicture, type Draft } from './send.js';

interface Props {
  readonly id: string;
  readonly schema: Schema;
  readonly draft: Draft;
  readonly token: string;
  readonly onChange: (part: Partial<Draft>) => void;
}

const WAYS: Record<About, string> = {
  image: 'its bytes in base64',
  imageId: 'the imageId of an earlier response',
  features: 'features that were found already',
};

export function JsonBody({ id, schema, draft, token, onChange }: Props) {
  const ways = (Object.keys(WAYS) as About[]).filter((way) => schema.properties?.[way] !== undefined);
  const [about, setAbout] = useState<About>('image');
  const [problem, setProblem] = useState<string>();
  const put = async (file: File | undefined, way: About): Promise<void> => {
    if (file === undefined) return;
    setProblem(undefined);
    try {
      const value = await aboutPicture(file, way, token);
      const { image: _, imageId: __, features: ___, ...rest } = parsed(draft.json);
      onChange({ file, json: JSON.stringify({ [way]: value, ...rest }, null, 2) });
    } catch (error) {
      onChange({ file });
      setProblem(`The picture was not put in: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return (
    <>
      <PictureField file={draft.file} token={token} onFile={(file) => void put(file, about)} />
      {ways.length > 1 && (
        <fieldset>
          <legend>The picture stands in the body as</legend>
          {ways.map((way) => (
            <label key={way}>
              <input
                type="radio"
                name={`${id}-about`}
                checked={way === about}
                onChange={() => {
                  setAbout(way);
                  void put(draft.file, way);
                }}
              />
              {WAYS[way]}
            </label>
          ))}
        </fieldset>
      )}
      {problem !== undefined && (
        <p class="failure" role="alert">
          {problem}
        </p>
      )}
      <label for={`${id}-json`}>
        <span>Body</span>
        <textarea
          id={`${id}-json`}
          class="json"
          rows={10}
          spellcheck={false}
          value={draft.json}
          onInput={({ currentTarget }) => onChange({ json: currentTarget.value })}
        />
      </label>
    </>
  );
}

/** What is there already stays where it can be read. */
function parsed(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
}
