import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { createMetrics } from '../../src/ingress/metrics.ts';
import { describeWithTools, type Manifest, only, render, root, valueFiles } from './tools.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

interface Panel {
  readonly title: string;
  readonly gridPos: object;
  readonly targets: readonly { readonly expr: string }[];
}

const rendered = (values: object = {}): readonly Manifest[] =>
  render(valueFiles.find((file) => file.endsWith('postgres-values.yaml')) ?? '', values);

function rulesOf(manifests: readonly Manifest[]): readonly Rule[] {
  const { groups } = only(manifests, 'PrometheusRule').spec as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

function panelsOf(manifests: readonly Manifest[]): readonly Panel[] {
  const text = manifests.find(({ metadata }) => metadata.name.endsWith('-dashboard'))?.data?.[
    'offboard-bridge.json'
  ];
  return (JSON.parse(text ?? '') as { panels: Panel[] }).panels;
}

/** Whether Prometheus can read it; Grafana's variables are filled in first. */
function isPromQl(expression: string): boolean {
  let whole = true;
  parser.parse(expression.replaceAll('$__rate_interval', '5m')).iterate({
    enter({ type }) {
      whole &&= !type.isError;
    },
  });
  return whole;
}

/** Every metric that the bridge shows, with the parts of its histograms. */
async function knownMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics({ version: '1', sources: [] });
  const kafka = { contactAgeMs: 0, lags: [] };
  metrics.showCondition({ sources: [], troubles: [], paused: [], kafka }, 0);
  const { body } = await metrics.read();
  return new Set(
    [...body.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
}

describeWithTools('the alerts and the dashboard', () => {
  it('are written in PromQL', () => {
    const manifests = rendered();
    const expressions = [
      ...rulesOf(manifests).map(({ expr }) => expr),
      ...panelsOf(manifests).flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    expect(expressions.length).toBeGreaterThan(20);
    expect(expressions.filter((one) => !isPromQl(one))).toEqual([]);
    expect(isPromQl('max(up{job="a"}')).toBe(false);
  });

  it('ask for metrics that the bridge has', async () => {
    const manifests = rendered();
    const asked =
      JSON.stringify([rulesOf(manifests), panelsOf(manifests)]).match(/offboard_bridge_\w+/g) ?? [];
    const known = await knownMetrics();
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  it('say what happened and what to do', () => {
    for (const { alert, labels, annotations } of rulesOf(rendered())) {
      expect([alert, labels.severity]).toEqual([
        expect.stringMatching(/^OffboardBridge/),
        expect.stringMatching(/^(critical|warning)$/),
      ]);
      expect(annotations.summary.length * annotations.description.length).toBeGreaterThan(0);
    }
  });

  it('are those that the page on metrics lists, by the same expressions', () => {
    const page = readFileSync(join(root, 'docs/metrics.md'), 'utf8').replaceAll('\\|', '\u0000');
    const rows = [...page.matchAll(/^\| [^|]* \| `(OffboardBridge\w+)` \| `([^|]*)` \| (\w*) ?\|$/gm)];
    const listed = rows.map(([, alert = '', expr = '', lasting = '']) => [
      alert,
      expr.replaceAll('\u0000', '|'),
      lasting,
    ]);
    // The page leaves out whose pods they are.
    const bare = (expr: string): string =>
      expr.replace(/namespace="[^"]*",job="[^"]*",?/g, '').replaceAll('{}', '');
    const usual = { config: { limits: { backlog: 100_000 } } };
    const ruled = rulesOf(rendered(usual)).map((rule) => [rule.alert, bare(rule.expr), rule.for ?? '']);
    expect(listed.sort()).toEqual(ruled.sort());
  });

  it('have a section in the runbook each, and it has no other', () => {
    const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    const rules = rulesOf(rendered());
    expect(sections.sort()).toEqual(rules.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of rules)
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  });

  it('leave Kafka out where there is none', () => {
    const without = valueFiles.find((file) => file.endsWith('replicas-values.yaml')) ?? '';
    const names = (manifests: readonly Manifest[]): string[] => rulesOf(manifests).map(({ alert }) => alert);
    expect(names(rendered())).toContain('OffboardBridgeKafkaSilent');
    expect(names(render(without))).not.toContain('OffboardBridgeKafkaSilent');
  });
});
