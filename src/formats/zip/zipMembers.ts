/** @file The files of a zip archive that came from somewhere, refused when it is not as well-meant archives are. */

import { LxmertError } from '../../common/errors.js';
import type { ZipMember } from './zipDirectory.js';
import { ZipFault } from './zipFault.js';
import { findPackingFault, listZipFile } from './zipFile.js';

/**
 * Lists the files of an archive (zip64 too), folders left out.
 *
 * @throws UsageError when there is no such file; LxmertError for a damaged or cut archive, and for members that a
 *   well-meant archive does not have: names that lead out of a folder, links, encryption, two of one name.
 */
export async function listZipMembers(archive: string): Promise<ZipMember[]> {
  const members = await listZipFile(archive).catch((error: unknown) => {
    throw error instanceof ZipFault ? faultError(archive, error) : error;
  });
  for (const member of members) {
    const problem = findMemberProblem(member);
    if (problem !== undefined) throw refusal(archive, member.name, problem);
  }
  return members.filter(({ name }) => !name.endsWith('/'));
}

function findMemberProblem(member: ZipMember): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\x00-\x1f]/.test(member.name)) return 'has a control character in its name';
  if (member.name === '') return 'has no name';
  return findPackingFault(member) ?? (member.isSpecialFile ? 'is a link or a device, not a file' : undefined);
}

function faultError(archive: string, fault: ZipFault): LxmertError {
  if (fault.kind === 'twice' && fault.member !== undefined)
    return refusal(archive, fault.member, 'is there twice');
  return new LxmertError(
    fault.kind === 'cut'
      ? `${archive} is no zip archive, or it is cut short: the directory at its end is missing. Fetch it again.`
      : `The zip archive ${archive} is damaged or refused: ${fault.message}.`,
    { cause: fault },
  );
}

function refusal(archive: string, name: string, problem: string): LxmertError {
  return new LxmertError(
    `The zip archive ${archive} is refused: its member ${JSON.stringify(name)} ${problem}.`,
  );
}
