import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { receiptKinds } from '../../src/ingress/activity.ts';
import { createMetrics, type Metrics } from '../../src/ingress/metrics.ts';

const day = 86_400_000;

function everything(): Metrics {
  const metrics = createMetrics({ version: '1.2.3', sources: ['hr'] });
  metrics.countDelivery('hr', 'accepted');
  metrics.countDelivery('unknown', 'unknown-source');
  metrics.observeCall({ endpoint: 'resign-user-batch', kind: 'done', seconds: 0.03 });
  const failure = { code: 'safeguard', message: 'm' };
  metrics.countOutcome({ type: 'user.resign.held', data: { failure } as never });
  metrics.observeBatch({ action: 'resign', intents: 7 });
  metrics.observeLockout({ action: 'resign', source: 'hr', sinceEventSeconds: 90, sinceDueSeconds: 0.2 });
  metrics.countPruned(12);
  metrics.countWrongToken();
  metrics.showCondition(
    {
      sources: [
        {
          id: 'hr',
          lastDeliveryAt: day - 12_000,
          knownSince: 0,
          receipts: {},
          errorRate: 0,
          expectEveryMs: 60_000,
          silent: false,
        },
        {
          id: 'it',
          lastDeliveryAt: null,
          knownSince: day - 5_000,
          receipts: {},
          errorRate: 0,
          expectEveryMs: null,
          silent: null,
        },
      ],
      troubles: [
        { code: 'calls_paused', about: 'kick-users', message: 'm' },
        { code: 'calls_paused', about: 'get-user', message: 'n' },
      ],
      paused: [{ endpoint: 'kick-users', cause: 'denied' }],
      kafka: { contactAgeMs: 1_500, lags: [{ topic: 'hr.events', partition: 3, records: 40 }] },
    },
    day,
  );
  metrics.showStore(
    {
      figures: {
        due: 1,
        scheduled: 2,
        held: 3,
        deadLetters: 4,
        oldestDueAt: day - 60_000,
        headPosition: 9,
        unsequenced: 5,
        bytes: 4_096,
        cursors: [{ publisher: 'kafka', position: 7 }],
      },
      pauses: [{ scope: 'resign', by: 'api:ada', at: 0, reason: null }],
    },
    day,
  );
  return metrics;
}

/** The samples that are ours, without those of the process and of Node.js. */
async function samplesOf(metrics: Metrics): Promise<string[]> {
  const { body } = await metrics.read();
  return body
    .split('\n')
    .filter((line) => line !== '' && !/^#|^offboard_bridge_(process|nodejs)_/.test(line));
}

describe('the metrics', () => {
  it('show what was counted, and how things are', async () => {
    const samples = await samplesOf(everything());
    expect(samples).toEqual(
      expect.arrayContaining([
        `offboard_bridge_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
        'offboard_bridge_deliveries_total{source="hr",receipt="accepted"} 1',
        'offboard_bridge_deliveries_total{source="hr",receipt="unverified"} 0',
        'offboard_bridge_deliveries_total{source="unknown",receipt="unknown-source"} 1',
        'offboard_bridge_management_api_call_seconds_count{endpoint="resign-user-batch",kind="done"} 1',
        'offboard_bridge_management_api_call_seconds_bucket{le="0.05",endpoint="resign-user-batch",kind="done"} 1',
        'offboard_bridge_outcomes_total{type="user.resign.held"} 1',
        'offboard_bridge_outcomes_total{type="delivery.dead_lettered"} 0',
        'offboard_bridge_failures_total{code="safeguard"} 1',
        'offboard_bridge_batch_intents_bucket{le="10",action="resign"} 1',
        'offboard_bridge_event_to_lockout_seconds_bucket{le="60",action="resign",source="hr"} 0',
        'offboard_bridge_event_to_lockout_seconds_bucket{le="300",action="resign",source="hr"} 1',
        'offboard_bridge_due_to_lockout_seconds_sum{action="resign",source="hr"} 0.2',
        'offboard_bridge_pruned_rows_total 12',
        'offboard_bridge_wrong_tokens_total 1',
        'offboard_bridge_last_delivery_age_seconds{source="hr"} 12',
        'offboard_bridge_silence_seconds{source="hr"} 12',
        'offboard_bridge_silence_seconds{source="it"} 5',
        'offboard_bridge_expect_every_seconds{source="hr"} 60',
        'offboard_bridge_degraded{code="calls_paused"} 2',
        'offboard_bridge_calls_paused{endpoint="kick-users",cause="denied"} 1',
        'offboard_bridge_kafka_contact_age_seconds 1.5',
        'offboard_bridge_kafka_consumer_lag{topic="hr.events",partition="3"} 40',
        'offboard_bridge_store_up 1',
        'offboard_bridge_due_intents 1',
        'offboard_bridge_scheduled_intents 2',
        'offboard_bridge_held_intents 3',
        'offboard_bridge_dead_letters 4',
        'offboard_bridge_oldest_due_age_seconds 60',
        'offboard_bridge_unsequenced_outcomes 5',
        'offboard_bridge_publisher_lag{publisher="kafka"} 2',
        'offboard_bridge_store_bytes 4096',
        'offboard_bridge_paused{scope="resign"} 1',
      ]),
    );
    expect(samples.filter((line) => /last_delivery_age_seconds.*"it"|expect_every.*"it"/.test(line))).toEqual(
      [],
    );
  });

  it('forget what is over, and what a store that is away can no longer say', async () => {
    const metrics = everything();
    metrics.showCondition({ sources: [], troubles: [], paused: [], kafka: null }, day);
    metrics.showStore(null, day);
    const text = (await samplesOf(metrics)).join('\n');
    expect(text).toContain('offboard_bridge_store_up 0');
    for (const gone of ['calls_paused', 'degraded', '_paused', 'held_intents', 'oldest_due', 'publisher_lag'])
      expect(text).not.toContain(gone);
  });

  it('stand in the table of the documentation, with their types and labels, and nothing else does', async () => {
    const { body } = await everything().read();
    const shown = [...body.matchAll(/^# TYPE (offboard_bridge_(?!process_|nodejs_)\S+) (\S+)$/gm)].map(
      ([, name = '', type = '']) => {
        const sample = new RegExp(`^${name}(?:_bucket)?\\{(.+)\\} `, 'm').exec(body)?.[1] ?? '';
        const labels = [...sample.matchAll(/(\w+)="/g)]
          .map(([, label]) => label)
          .filter((one) => one !== 'le');
        return [name, type, labels.join(', ')];
      },
    );
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const written = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm)].map(
      ([, name = '', type, labels = '']) => [
        `offboard_bridge_${name}`,
        type,
        labels.replaceAll('`', '').trim(),
      ],
    );
    expect(written.sort()).toEqual(shown.sort());
    expect(written.length).toBeGreaterThan(20);
    const receipts = /^\| `deliveries_total` .*$/m.exec(page)?.[0];
    for (const receipt of receiptKinds) expect(receipts).toContain(`\`${receipt}\``);
  });
});
