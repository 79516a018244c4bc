import type { NewUser } from './users.ts';

/** A handful of people to try things on, each known by other identifiers. */
export const exampleUsers: readonly NewUser[] = [
  {
    userId: '6319a1504f3b4c0f214dd5b1',
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    username: 'ada',
    externalId: '1001',
    sessions: ['app-mail', 'app-wiki'],
  },
  {
    userId: '6319a1504f3b4c0f214dd5b2',
    name: 'Grace Hopper',
    email: 'grace@example.com',
    username: 'grace',
    externalId: '1002',
    phone: '13800000002',
    phoneCountryCode: '+86',
    sessions: ['app-mail', 'app-payroll'],
  },
  {
    userId: '6319a1504f3b4c0f214dd5b3',
    name: 'Alan Turing',
    email: 'alan@example.com',
    externalId: '1003',
    identities: [
      {
        extIdpId: '62f20932716fbcc10d966ee5',
        provider: 'lark',
        userIdInIdp: 'ou_8bae746eac07cd2564654140d2a9ac61',
      },
    ],
    sessions: ['app-wiki'],
  },
  {
    userId: '6319a1504f3b4c0f214dd5b4',
    name: 'Katherine Johnson',
    email: 'katherine@example.com',
    externalId: '1004',
    syncRelations: [{ provider: 'lark', userIdInIdp: 'ou_1004' }],
    customData: { badge: 'B-1004' },
    sessions: ['app-mail'],
  },
];
