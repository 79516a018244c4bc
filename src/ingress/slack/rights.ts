import { z } from 'zod';
import type { CommandAction } from './command.ts';
import type { SlackWeb } from './web.ts';

/** People and groups of people, by their Slack ids. */
export interface Circle {
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
}

/** `unknown` = a group could not be read in time, so it is a no. */
export type Right = 'yes' | 'no' | 'unknown';

export interface Rights {
  mayAsk(action: CommandAction, slackUserId: string): Promise<Right>;
  mayApprove(slackUserId: string): Promise<Right>;
}

export interface RightsOptions {
  readonly allow: Readonly<Record<CommandAction, Circle>>;
  readonly approve: Circle;
  readonly web: Pick<SlackWeb, 'call'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Whoever was taken out of a group is out after this, in milliseconds. */
const groupGoodForMs = 60_000;
const membersSchema = z.object({ users: z.array(z.string()) });

/** Who may do what. Groups are read when they are needed; one that cannot be read lets nobody in. */
export function createRights({ allow, approve, web, now }: RightsOptions): Rights {
  const known = new Map<string, { readonly at: number; readonly members: readonly string[] }>();
  const asking = new Map<string, Promise<readonly string[] | null>>();

  async function read(group: string): Promise<readonly string[] | null> {
    // The age counts from before the question: what it shows may have changed while it was answered.
    const at = now();
    const answer = await web.call('usergroups.users.list', { usergroup: group });
    const parsed = answer.kind === 'done' ? membersSchema.safeParse(answer.data) : null;
    if (!parsed?.success) return null;
    known.set(group, { at, members: parsed.data.users });
    return parsed.data.users;
  }

  function membersOf(group: string): Promise<readonly string[] | null> {
    const one = known.get(group);
    if (one && Math.abs(now() - one.at) < groupGoodForMs) return Promise.resolve(one.members);
    const pending = asking.get(group) ?? read(group).finally(() => asking.delete(group));
    asking.set(group, pending);
    return pending;
  }

  async function isIn({ users, userGroups }: Circle, slackUserId: string): Promise<Right> {
    if (users.includes(slackUserId)) return 'yes';
    const groups = await Promise.all(userGroups.map(membersOf));
    if (groups.some((members) => members?.includes(slackUserId))) return 'yes';
    return groups.includes(null) ? 'unknown' : 'no';
  }

  return {
    mayAsk: (action, slackUserId) => isIn(allow[action], slackUserId),
    mayApprove: (slackUserId) => isIn(approve, slackUserId),
  };
}
