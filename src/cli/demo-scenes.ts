import { randomBytes } from 'node:crypto';
import { type SignedDelivery, signBamboohr, signStandardWebhook } from './demo-deliveries.ts';

export const demoSecrets = {
  bamboohr: randomBytes(16).toString('hex'),
  webhook: `whsec_${randomBytes(24).toString('base64')}`,
  operator: randomBytes(24).toString('base64url'),
};

export interface Scene {
  readonly title: string;
  readonly delivery: SignedDelivery;
  readonly status: number;
  /** The outcomes that it must come to, in order. */
  readonly outcomes: readonly string[];
}

/** What the demo sends, in order, and what must become of it. */
export function demoScenes(): Scene[] {
  const at = new Date().toISOString();
  const nextMonth = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const event = (type: string, data: object): SignedDelivery =>
    signStandardWebhook({ type, timestamp: at, data }, demoSecrets.webhook);
  const ada = signBamboohr(
    {
      employees: [
        {
          id: '1001',
          action: 'Updated',
          changedFields: ['Status'],
          fields: { Status: 'Inactive', 'Work Email': 'ada@example.com' },
          timestamp: at,
        },
      ],
    },
    demoSecrets.bamboohr,
  );
  const alan = { userIdType: 'email', userId: 'alan@example.com', subject: '1003' };
  return [
    {
      title: 'BambooHR reports that Ada has left',
      delivery: ada,
      status: 200,
      outcomes: ['user.resign.succeeded', 'user.kick.succeeded'],
    },
    { title: 'BambooHR sends the same once more', delivery: ada, status: 200, outcomes: [] },
    {
      title: 'Somebody sends it with another body',
      delivery: { ...ada, body: ada.body.replace('1001', '1002') },
      status: 401,
      outcomes: [],
    },
    {
      title: 'A script asks to sign Grace out at once',
      delivery: event('user.kick', {
        userIdType: 'email',
        userId: 'grace@example.com',
        reason: 'lost laptop',
      }),
      status: 200,
      outcomes: ['user.kick.succeeded'],
    },
    {
      title: "A script announces Alan's last day, a month ahead",
      delivery: event('user.resign', { ...alan, effectiveAt: nextMonth }),
      status: 200,
      outcomes: ['user.resign.scheduled'],
    },
    {
      title: 'and takes it back',
      delivery: event('user.withdraw', alan),
      status: 200,
      outcomes: ['user.resign.canceled', 'user.withdraw.succeeded'],
    },
    {
      title: 'An event names two different people',
      delivery: event('user.resign', {
        identifiers: [
          { userIdType: 'external_id', userId: '9999' },
          { userIdType: 'email', userId: 'katherine@example.com' },
        ],
      }),
      status: 200,
      outcomes: ['user.resign.held'],
    },
    {
      title: 'A script forgets what kind of id it sends',
      delivery: event('user.kick', { userId: 'grace@example.com' }),
      status: 400,
      outcomes: ['delivery.dead_lettered'],
    },
  ];
}
