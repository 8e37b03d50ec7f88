/** @file Choosing the picture of a request. */

import { useState } from 'preact/hooks';
import { samplePicture } from './send.js';

interface Props {
  readonly file: File | undefined;
  readonly token: string;
  readonly onFile: (file: File | undefined) => void;
}

export function PictureField({ file, token, onFile }: Props) {
  const [said, setSaid] = useState('');
  const takeSample = async (): Promise<void> => {
    const sample = await samplePicture(token).catch(() => undefined);
    setSaid(sample === undefined ? 'This model has no samples: choose a file.' : '');
    if (sample !== undefined) onFile(sample);
  };
  return (
    <div class="picture-field">
      <label>
        <span>
          <code>image</code> The picture's file
        </span>
        <input
          type="file"
          accept="image/*"
          onChange={({ currentTarget }) => onFile(currentTarget.files?.[0])}
        />
      </label>{' '}
      <button type="button" class="button" onClick={() => void takeSample()}>
        Take a sample
      </button>
      <p class="small" role="status">
        {file === undefined ? said : `Chosen: ${file.name}`}
      </p>
    </div>
  );
}
