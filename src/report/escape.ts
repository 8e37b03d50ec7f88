/** @file Text of any origin made safe inside HTML and inside a script element. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * `text` for an HTML element or a quoted attribute: it shows as it is and never becomes markup. Characters that HTML
 * does not allow (controls, lone surrogates) show as U+FFFD. Callers keep bidirectional overrides inside their own
 * element with `<bdi>` or `dir="auto"`.
 */
export function escapeHtml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is the controls that HTML forbids.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
      .replace(/[&<>"']/g, (character) => entities[character] ?? '')
  );
}

/**
 * `value` as JSON for a script element of type application/json. `<`, `>` and `&` become escapes, so no string can end
 * the element or begin a comment in it. Numbers that are not finite become null.
 */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
