/** @file Asks for the token of a server that wants one. */

import { useState } from 'preact/hooks';
import { isToken } from './server.js';

export function TokenForm({
  wasWrong,
  onToken,
}: {
  readonly wasWrong: boolean;
  readonly onToken: (token: string) => void;
}) {
  const [token, setToken] = useState('');
  const [isUnfit, setIsUnfit] = useState(false);
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        const isFit = isToken(token.trim());
        setIsUnfit(!isFit);
        if (isFit) onToken(token.trim());
      }}
    >
      <label class="question">
        This server asks for a token
        <input
          type="password"
          autocomplete="off"
          value={token}
          onInput={({ currentTarget: { value } }) => setToken(value)}
        />
      </label>
      <button type="submit" class="primary">
        Go on
      </button>
      {(isUnfit || wasWrong) && (
        <p class="failure" role="alert">
          {isUnfit
            ? 'A token has letters, digits and signs of ASCII, without spaces.'
            : 'The server does not know this token.'}
        </p>
      )}
    </form>
  );
}
