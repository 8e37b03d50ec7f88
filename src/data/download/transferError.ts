/** @file Why one attempt to fetch a file ended, and whether another attempt at the same address can help. */

/** `later`: the same address may work after a wait; `never`: only another address may. */
export type Remedy = 'later' | 'never';

/** The message is the end of a sentence that begins with the address: "answered 404 Not Found". */
export class TransferError extends Error {
  constructor(
    readonly remedy: Remedy,
    message: string,
    /** What the server asked to wait, in milliseconds. */
    readonly waitMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TransferError';
  }
}

/** Certificates that are wrong now are wrong in a second; so is a host that does not exist. */
const LASTING = /^(ENOTFOUND|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_INVALID|HPE_)/;

/** An error of Node's network code as a {@link TransferError}. */
export function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const message = error instanceof Error && error.message !== '' ? error.message : code;
  return new TransferError(LASTING.test(code) ? 'never' : 'later', `failed: ${message}`, undefined, {
    cause: error,
  });
}
