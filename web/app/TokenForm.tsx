/** @file Asks for the token of a server that wants one. */

import { useState } from 'preact/hooks';

export function TokenForm({
  wasWrong,
  onToken,
}: {
  readonly wasWrong: boolean;
  readonly onToken: (token: string) => void;
}) {
  const [token, setToken] = useState('');
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() !== '') onToken(token.trim());
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
      {wasWrong && (
        <p class="failure" role="alert">
          The server does not know this token.
        </p>
      )}
    </form>
  );
}
