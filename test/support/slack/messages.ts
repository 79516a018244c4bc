import {
  askMessage,
  heldMessage,
  helpMessage,
  type Message,
  newsMessage,
  shortMessage,
} from '../../../src/ingress/slack/blocks.ts';

const ada = {
  name: 'Ada Lovelace',
  userStatus: 'Activated',
  identifier: 'email ada@example.com',
  state: null,
};
const kick = {
  action: 'kick',
  people: [ada],
  appIds: [],
  effectiveAt: null,
  reason: 'lost laptop',
  dryRun: false,
} as const;
const resign = {
  action: 'resign',
  people: [ada],
  appIds: [],
  effectiveAt: Date.parse('2026-12-01T00:00:00+08:00'),
  reason: 'last day',
  dryRun: false,
} as const;
const approval = {
  ...resign,
  source: 'slack',
  why: 'a resign asked for by a person needs the approval of another',
  needsApproval: true,
  setId: '13728b3594-h1',
  count: 1,
  since: null,
  askedBy: 'slack:U024BE7LH',
  decided: null,
} as const;
const burst = {
  ...approval,
  source: 'hr',
  why: 'it is more than leavers.safeguard lets through in its window; look whether it is meant',
  needsApproval: false,
  count: 12,
  askedBy: null,
  effectiveAt: null,
  reason: null,
  people: Array.from({ length: 10 }, (_, n) => ({
    ...ada,
    name: null,
    identifier: `external_id ${1_001 + n}`,
  })),
};
const state = (text: string) => [{ ...ada, state: text }];

/** Every message that the bridge sends to Slack, by the name of its picture. */
export const messages: Readonly<Record<string, Message>> = {
  help: helpMessage(),
  'kick-confirm': askMessage({ ...kick, key: 'ask:1' }),
  'kick-taken': askMessage({ ...kick, people: state('Taken: being done now.'), key: null }),
  'kick-done': askMessage({ ...kick, people: state('Done: signed out. GenAuth confirms it.'), key: null }),
  'resign-confirm': askMessage({ ...resign, key: 'ask:1' }),
  'resign-waits': askMessage({
    ...resign,
    people: state('Taken: waits until somebody else approves it.'),
    key: null,
  }),
  'resign-approve': heldMessage({ ...approval, key: 'held:1' }),
  'resign-approved': heldMessage({
    ...approval,
    people: state('Taken: it is done on its date.'),
    decided: { by: 'slack:U0BOSS', verdict: 'approved', reason: null },
    key: null,
  }),
  'held-set': heldMessage({ ...burst, key: 'held:1' }),
  'dead-letter': newsMessage('A delivery of hr could not be read', [
    'Dead letters: 13728b3594-d1',
    'Nothing was done because of them. See what is wrong with GET /v1/dead-letters; once that is put right, POST /v1/dead-letters/<id>/replay reads them again.',
  ]),
  'calls-denied': newsMessage('GenAuth does not take calls', [
    'kick-users: denied (402)',
    'Intents are kept, and go on by themselves. If it says denied: look at the access key, its rights and the plan of the user pool.',
  ]),
  'not-taken': shortMessage('Not taken. GenAuth has no user with email nobody@example.com.'),
};
