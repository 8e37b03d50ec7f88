/** @file Base64 as clients send it: `data:` addresses, wrapped lines, no padding, the alphabet of addresses. For browsers too. */

/** Characters before the comma of a `data:` address at most. */
const MAX_ADDRESS_HEAD = 300;
/** Characters of what was sent that a sentence shows. */
const MAX_SHOWN = 20;

/** The text in the plain alphabet with its padding, or a sentence's end that says what was found instead. */
export type Base64Reading = { readonly base64: string } | { readonly problem: string };

/**
 * Reads base64 in any of its usual forms: RFC 4648's two alphabets, with or without padding, in lines (MIME, PEM), or as
 * a `data:` address of a browser. Whether every character belongs to the alphabet is left to whoever decodes it.
 */
export function readBase64(text: string): Base64Reading {
  const body = /^data:/i.test(text) ? afterComma(text) : text;
  if (typeof body !== 'string') return body;
  const escaped = body.includes('%') ? unescaped(body) : body;
  const trimmed = escaped.trim();
  if (trimmed === '') return { problem: 'expected base64, found nothing' };
  const foreign = foreignForm(trimmed);
  if (foreign !== undefined) return { problem: foreign };
  // A form field that lost its plus signs has blanks within its lines; wrapped lines have them at their ends alone.
  if (/[^\s] [^\s]/.test(trimmed)) {
    return {
      problem:
        'expected base64, found blanks in it, as where plus signs were lost in a form; escape them as %2B, or send JSON',
    };
  }
  const joined = /\s/.test(trimmed) ? trimmed.replace(/\s+/g, '') : trimmed;
  const plain = /[-_]/.test(joined) ? joined.replace(/-/g, '+').replace(/_/g, '/') : joined;
  const unpadded = plain.replace(/={1,2}$/, '');
  if (unpadded.length % 4 === 1) {
    return {
      problem: `expected base64, found ${unpadded.length} of its characters, which is no whole number of bytes: it is cut short or no base64`,
    };
  }
  return { base64: unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '=') };
}

/** Bytes that base64 without faults stands for. */
export function numBytesOf(base64: string): number {
  const numPadding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - numPadding;
}

/** The beginning of what is no base64, as a sentence shows it. */
export function shownStart(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}

function afterComma(text: string): string | { problem: string } {
  const comma = text.slice(0, MAX_ADDRESS_HEAD).indexOf(',');
  if (comma < 0) return { problem: 'expected a data: address with a comma before its base64' };
  if (/;\s*base64\s*$/i.test(text.slice(0, comma))) return text.slice(comma + 1);
  return {
    problem: 'expected a data: address in base64 (data:image/jpeg;base64,...), found one without ;base64',
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What people send in place of base64. */
function foreignForm(text: string): string | undefined {
  if (/^(https?|file|blob|ftp):/i.test(text)) {
    return 'expected base64, found an address, and nothing is fetched here: send the bytes of the file';
  }
  if (/^b(['"])[\s\S]*\1$/.test(text)) {
    return "expected base64, found it written as Python writes bytes (b'...'): send base64.b64encode(...).decode()";
  }
  if (/\.(jpe?g|png|webp|gif|tiff?|avif|heic|bmp)$/i.test(text)) {
    return `expected base64, found what looks like the name of a file (${shownStart(text)}): send the bytes in it`;
  }
  return undefined;
}
