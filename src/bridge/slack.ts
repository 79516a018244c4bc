import type { FoundUser } from '../core/identifier.ts';
import type { UserPool } from '../ingress/slack.ts';
import type { Answer } from '../management-api/answer.ts';
import type { ManagementApi } from '../management-api/client.ts';

/** What GenAuth says of people and apps, for whoever is asked to confirm. */
export function createUserPool(api: Pick<ManagementApi, 'getUser' | 'listApplications'>): UserPool {
  return {
    async look(identifier) {
      const answer: Answer<FoundUser | null> = await api.getUser(identifier);
      if (answer.kind !== 'done') return { kind: 'unknown' };
      return answer.data ? { kind: 'found', user: answer.data } : { kind: 'missing' };
    },
    async listApps() {
      const answer = await api.listApplications();
      return answer.kind === 'done' ? answer.data : null;
    },
  };
}
