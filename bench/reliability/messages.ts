/** @file Whether what a person is told is for a person: no words of the language, the libraries or the system's own. */

/** What must not stand in a message, by what it would be. */
const INTERNAL: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["an error class's name", /\b(Type|Range|Reference|Syntax|Assertion|Eval|Aggregate)Error\b/],
  [
    "the engine's words",
    /Cannot (read|set|convert|mix|destructure)|\bis not (a function|iterable|defined)\b/,
  ],
  ["the engine's words", /Maximum call stack|Invalid (array|string|typed array) length|allocation failed/],
  [
    "the parser's words",
    /Unexpected (token|end of (JSON|input|data)|non-whitespace|number|string)|(in|after) JSON at position|" is not valid JSON/,
  ],
  ["the parser's words", /Bad (control|escaped) character|Expected (property name|double-quoted|',')/],
  ['a value that is not there', /\bundefined\b|\[object \w+\]/],
  [
    "the schema library's words",
    /Invalid (input|option|key|element|discriminator)|expected \w+, received|Unrecognized key/,
  ],
  ["the schema library's words", /Too (small|big): expected/],
  [
    "a code of the system's",
    /\b(ERR_[A-Z_]+|E(NOENT|ACCES|MFILE|NFILE|NOSPC|FBIG|ROFS|PIPE|IO|INVAL|ISDIR|NOTDIR|EXIST|PERM|BADF|NOTEMPTY))\b/,
  ],
  ['a stack', /\n\s+at .*:\d+:\d+|node:internal|\bdist\/src\/|\.ts:\d/],
  ['an unexpected failure', /Unexpected failure/],
  ["the tensor library's words", /\bc10::|\baten::|torch\/csrc|Exception raised from/],
];

/** Longer ones are a part of the file, not a sentence about it. */
const MAX_LENGTH = 4000;

/** What of a message is not for a person, in words; none when it is. */
export function faultsOfMessage(message: string): string[] {
  const faults = INTERNAL.flatMap(([what, pattern]) => {
    const found = pattern.exec(message);
    return found === null ? [] : [`${what}: '${found[0].trim()}'`];
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal would obey.
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(message)) faults.push('a control character of the file');
  if (message.length > MAX_LENGTH) faults.push(`${message.length} characters`);
  if (message.trim() === '') faults.push('nothing is said');
  return faults;
}
