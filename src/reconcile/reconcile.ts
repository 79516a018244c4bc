import type { DirectoryAccess } from '../core/handler.ts';
import type { Identifier } from '../core/identifier.ts';
import type { ManagementApi } from '../management-api/client.ts';
import { listActivePeople } from './accounts.ts';
import type { Means } from './asking.ts';
import { listDingtalkPeople } from './dingtalk.ts';
import { listLarkPeople } from './lark.ts';
import { listWecomPeople } from './wecom.ts';

/** What a comparison came to. */
export type Reconciliation =
  | {
      readonly kind: 'compared';
      readonly inDirectory: number;
      readonly active: number;
      /** Whom GenAuth still has active, and the directory no longer has. */
      readonly gone: readonly Identifier[];
    }
  /** Nobody is taken for gone: absence of an answer is no departure. */
  | { readonly kind: 'ended'; readonly reason: string };

/** Compares who a directory still has with who is still active in GenAuth under its relation. Changes nothing. */
export async function reconcile(
  api: Pick<ManagementApi, 'listUsers' | 'getSyncRelations'>,
  access: DirectoryAccess,
  means: Means,
): Promise<Reconciliation> {
  try {
    // The directory last: whoever joined while the other list was read is not missing from this one.
    const active = await listActivePeople(api, access, means.signal);
    return compare(active, await findPeople(access, means, active), access);
  } catch (error) {
    return { kind: 'ended', reason: error instanceof Error ? error.message : 'unknown' };
  }
}

/**
 * Everybody whom the directory has. It changes while it is listed, and somebody who goes from a department that is
 * still to be listed to one that was has no place in the list: where anybody seems gone it is listed a second time, and
 * only who is in neither list is gone.
 * @throws when any answer is not whole, or a list has nobody
 */
async function findPeople(
  access: DirectoryAccess,
  means: Means,
  active: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const first = await listSomebody(access, means);
  const isWhole = [...active].every((id) => first.has(id));
  return isWhole ? first : new Set([...first, ...(await listSomebody(access, means))]);
}

async function listSomebody(access: DirectoryAccess, means: Means): Promise<ReadonlySet<string>> {
  const people = await listPeople(access, means);
  if (people.size === 0) throw new Error('the directory has nobody');
  return people;
}

/** The ids of everybody whom the directory lists. @throws when any answer is not whole */
function listPeople(access: DirectoryAccess, means: Means): Promise<ReadonlySet<string>> {
  if (access.kind === 'wecom') return listWecomPeople(access, means);
  return access.kind === 'lark' ? listLarkPeople(access, means) : listDingtalkPeople(access, means);
}

function compare(
  active: ReadonlySet<string>,
  people: ReadonlySet<string>,
  { userIdType, name, maxGone }: DirectoryAccess,
): Reconciliation {
  const gone = [...active].filter((id) => !people.has(id));
  // One person may always be gone: a tenth of a small company is nobody.
  if (gone.length > Math.max(1, active.size * maxGone)) {
    return {
      kind: 'ended',
      reason: `${gone.length} of ${active.size} are not in the directory, which is more than maxGone allows`,
    };
  }
  const identifiers = gone.map((id) => ({ userIdType, userId: `${name}:${id}` }));
  return { kind: 'compared', inDirectory: people.size, active: active.size, gone: identifiers };
}
