import { type FoundUser, type Identifier, isInactive } from '../core/identifier.ts';
import type { ManagementApi } from '../management-api/client.ts';
import { insist } from './accounts.ts';

/** Somebody who is said to have left. */
export interface Left {
  /** By preference. */
  readonly identifiers: readonly Identifier[];
}

/** What GenAuth has of those who left. */
export interface LeaversReport<Leaver extends Left> {
  readonly active: readonly { readonly leaver: Leaver; readonly userId: string }[];
  readonly inactive: readonly Leaver[];
  /** By none of their identifiers. */
  readonly unknown: readonly Leaver[];
}

/** Asks GenAuth who of those who left is still active. Changes nothing. @throws when any answer is not whole */
export async function findActiveLeavers<Leaver extends Left>(
  api: Pick<ManagementApi, 'getUser'>,
  leavers: readonly Leaver[],
  signal: AbortSignal,
): Promise<LeaversReport<Leaver>> {
  const active: { leaver: Leaver; userId: string }[] = [];
  const inactive: Leaver[] = [];
  const unknown: Leaver[] = [];
  for (const leaver of leavers) {
    const user = await findFirst(leaver, api, signal);
    if (!user) unknown.push(leaver);
    else if (isInactive(user)) inactive.push(leaver);
    else active.push({ leaver, userId: user.userId });
  }
  return { active, inactive, unknown };
}

/** The first identifier that names somebody is the one that a resign goes by. */
async function findFirst(
  { identifiers }: Left,
  api: Pick<ManagementApi, 'getUser'>,
  signal: AbortSignal,
): Promise<FoundUser | null> {
  for (const identifier of identifiers) {
    const user = await insist(() => api.getUser(identifier), signal);
    if (user) return user;
  }
  return null;
}
