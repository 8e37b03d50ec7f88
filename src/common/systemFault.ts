/** @file What the system's errors mean for a person: a sentence for each that somebody can act on. */

export interface SystemFault {
  readonly sentence: string;
  /** 2 where the command line names what is not there or of another kind. */
  readonly exitCode: 1 | 2;
}

interface Meaning {
  /** @param file the path in quotes; undefined where the system does not say */
  readonly sentence: (file: string | undefined) => string;
  readonly isWrongUse?: boolean;
}

/** By Node's name of the error. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { sentence: (file = 'such a file') => `There is no ${file}.`, isWrongUse: true },
  EISDIR: {
    sentence: (file = 'the path') => `A file was expected, but ${file} is a folder.`,
    isWrongUse: true,
  },
  ENOTDIR: {
    sentence: (file = 'the path') => `A folder was expected on the way to ${file}, but there is a file.`,
    isWrongUse: true,
  },
  EEXIST: { sentence: (file = 'The file') => `${file} is there already.`, isWrongUse: true },
  ENOTEMPTY: { sentence: (file = 'The folder') => `${file} holds files already.`, isWrongUse: true },
  ELOOP: {
    sentence: (file = 'the path') =>
      `Symbolic links on the way to ${file} lead in a circle, so there is no file at their end. Name the file itself.`,
    isWrongUse: true,
  },
  ENAMETOOLONG: {
    sentence: (file = 'a path') =>
      `${file} is too long a name for the file system, which mostly takes 255 bytes for a name and 4,096 for a path. Use a shorter one.`,
    isWrongUse: true,
  },
  EACCES: {
    sentence: (file = 'a file') =>
      `No permission to use ${file}. Its owner can give it with chmod; for output, name a folder that you may write to.`,
  },
  EPERM: { sentence: (file = 'a file') => `The system does not allow this with ${file}.` },
  EROFS: {
    sentence: (file = 'The file') =>
      `${file} is on a file system that can only be read, so nothing can be written there. Name a folder elsewhere.`,
  },
  ENOSPC: {
    sentence: (file) =>
      `The disk is full${file === undefined ? '' : ` while writing ${file}`}. Free some space, or name a folder on another disk.`,
  },
  EDQUOT: {
    sentence: (file) =>
      `Your share of the disk is used up${file === undefined ? '' : ` while writing ${file}`}. Free some space, or name a folder on another disk.`,
  },
  EFBIG: {
    sentence: (file = 'A file') =>
      `${file} may not become as large as it would have to: the file system or 'ulimit -f' limits the size of files.`,
  },
  EMFILE: {
    sentence: () =>
      "Too many files are open in this process. Let it open more with 'ulimit -n 1024' in the shell that starts it.",
  },
  ENFILE: { sentence: () => 'Too many files are open on this machine. Close other programs and try again.' },
  EBUSY: {
    sentence: (file = 'A file') =>
      `${file} is in use by something else, such as a mount. Try again, or name another.`,
  },
  EXDEV: {
    sentence: (file = 'A file') =>
      `${file} cannot be put in place from another file system in one step: parts of its folder are mounted from elsewhere. Name a folder without mounts in it.`,
  },
  EINVAL: {
    sentence: (file = 'A file') =>
      `The file system of ${file} does not support what is needed here. Name a folder on a local disk.`,
  },
  ENOTSUP: {
    sentence: (file = 'A file') =>
      `The file system of ${file} does not support what is needed here. Name a folder on a local disk.`,
  },
  EIO: {
    sentence: (file = 'a file') =>
      `The disk or network drive failed while ${file} was read or written. See the system's log ('dmesg').`,
  },
  ESTALE: {
    sentence: (file = 'A file') => `${file} is on a network drive that has changed or gone. Mount it again.`,
  },
  ENODEV: { sentence: (file = 'A file') => `${file} is on a device that is gone or cannot do this.` },
  ENXIO: { sentence: (file = 'A file') => `${file} is on a device that is gone or cannot do this.` },
};

/** Longest path that is shown whole. */
const MAX_SHOWN = 200;

/**
 * @param file how to call the file where the error does not say
 * @returns undefined for what is not an error of the system, or one that nobody foresaw
 */
export function systemFault(error: unknown, file?: string): SystemFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path = file } = error as NodeJS.ErrnoException;
  // Node refuses such a path itself: to the system it would end there, and name another file.
  if (code === 'ERR_INVALID_ARG_VALUE' && error.message.includes('null bytes'))
    return { sentence: 'A path holds a null character, which no name of a file has.', exitCode: 2 };
  const meaning = code === undefined ? undefined : MEANINGS[code];
  // Something that is missing without a name is not a file that somebody named.
  if (meaning === undefined || (code === 'ENOENT' && path === undefined)) return undefined;
  const shown = path !== undefined && path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}...` : path;
  return {
    sentence: meaning.sentence(shown === undefined ? undefined : `'${shown}'`),
    exitCode: meaning.isWrongUse === true ? 2 : 1,
  };
}

/** Says of an error of the system which file it is about: writing through a handle fails without a name. */
export function aboutFile(error: unknown, file: string): unknown {
  if (error instanceof Error && 'code' in error) Object.assign(error, { path: file });
  return error;
}
