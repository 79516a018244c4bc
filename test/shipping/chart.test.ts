import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { handlers } from '../../handlers/index.ts';
import { stopDeadlineMs } from '../../src/cli/serve.ts';
import { parseConfig } from '../../src/config.ts';
import { describeWithTools, lint, type Manifest, only, render, root, runTool, valueFiles } from './tools.ts';

/** For tests that start several programs. */
const longTestMs = 60_000;

const [embedded = '', postgres = ''] = ['embedded', 'postgres'].map((name) =>
  valueFiles.find((file) => file.endsWith(`${name}-values.yaml`)),
);

const files = valueFiles.map((file): [string, string] => [basename(file), file]);

/** The kinds that Kubernetes itself does not know, and where their types are. */
const customKinds: Readonly<Record<string, string>> = {
  ServiceMonitor: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
  PrometheusRule: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
  HTTPRoute: '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute',
  ExternalSecret: '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret',
};

interface Container {
  readonly env: readonly object[];
  readonly securityContext: object;
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly Container[];
}

interface PodTemplate {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

function podTemplate(manifests: readonly Manifest[]): PodTemplate {
  const workloads = manifests.filter(({ kind }) => ['StatefulSet', 'Deployment'].includes(kind));
  expect(workloads).toHaveLength(1);
  return (workloads[0]?.spec as { template: PodTemplate } | undefined)?.template as PodTemplate;
}

/** What is wrong with objects that Kubernetes itself knows, by its own schemas. */
function faultsByKubernetes(manifests: readonly Manifest[], version: string): string {
  const { code, out } = runTool(
    'kubernetes-validate',
    ['--strict', '--quiet', '-k', version, '-'],
    manifests.map((one) => stringify(one)).join('---\n'),
  );
  return code === 0 ? out : `code ${code}: ${out}`;
}

/** What is wrong with objects of the other kinds: TypeScript compares them with their types, and finds unknown keys. */
function faultsByTypes(manifests: readonly Manifest[]): string {
  const lines = manifests.map(({ kind, ...rest }, index) => {
    const from = customKinds[kind];
    if (!from) throw new Error(`nothing is known of the kind ${kind}`);
    const value = JSON.stringify({ kind, ...rest });
    return `import type { I${kind} as T${index} } from '${from}';\nexport const one${index}: T${index} = ${value};`;
  });
  // Inside the checkout, from where the types are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/chart-'));
  try {
    writeFileSync(join(folder, 'objects.ts'), lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
    const tsc = join(root, 'node_modules/.bin/tsc');
    return spawnSync(tsc, [...options, '--ignoreConfig', join(folder, 'objects.ts')], { encoding: 'utf8' })
      .stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWithTools('the chart', () => {
  it.each(files)('passes Helm with %s', (_name, file) => {
    expect(lint(file)).toMatchObject({ code: 0 });
  });

  it.each(files)(
    'renders only valid objects with %s',
    (_name, file) => {
      const manifests = render(file);
      const isCustom = ({ kind }: Manifest): boolean => kind in customKinds;
      const own = manifests.filter((one) => !isCustom(one));
      expect(own.length).toBeGreaterThan(3);
      for (const version of ['1.30', '1.37']) expect(faultsByKubernetes(own, version)).toBe('');
      expect(faultsByTypes(manifests.filter(isCustom))).toBe('');
    },
    longTestMs,
  );

  it(
    'is checked by what finds a fault',
    () => {
      const manifests = render(postgres);
      const spoil = (one: Manifest): Manifest => ({ ...one, spec: { ...Object(one.spec), notThere: 1 } });
      expect(faultsByKubernetes([spoil(only(manifests, 'Deployment'))], '1.37')).toContain('notThere');
      const custom = Object.keys(customKinds).map((kind) => spoil(only(manifests, kind)));
      const faults = faultsByTypes(custom).trim().split('\n');
      expect(faults.filter((fault) => fault.includes('notThere'))).toHaveLength(custom.length);
    },
    longTestMs,
  );

  it.each(files)('writes a configuration that the bridge takes with %s', (_name, file) => {
    const bridgeYaml = render(file).find(({ data }) => data?.['bridge.yaml'])?.data?.['bridge.yaml'] ?? '';
    const names = [...bridgeYaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
    const env = Object.fromEntries(names.map((name) => [name, `xoxb-${name.padEnd(40, '.')}`]));
    env.DATABASE_URL = 'postgres://bridge:secret@postgres:5432/bridge';
    const config = parseConfig(bridgeYaml, { env, handlers, readFile: () => 'a-secret-from-a-file' });
    expect([config.server.host, config.server.admin?.host]).not.toContain('127.0.0.1');
  });

  it('gives the store that goes with it, and leaves whole numbers whole', () => {
    const configOf = (file: string): string =>
      render(file).find(({ data }) => data?.['bridge.yaml'])?.data?.['bridge.yaml'] ?? '';
    expect(configOf(embedded)).toContain('url: sqlite:/data/bridge.db');
    expect(configOf(postgres)).toContain(`url: \${DATABASE_URL}`);
    expect(configOf(postgres)).toContain('maxBodyBytes: 4194304\n');
    expect(configOf(postgres)).toContain('backlog: 1000000\n');
  });

  it('is one pod with a volume on SQLite, and many over nodes and zones on PostgreSQL', () => {
    const { replicas, volumeClaimTemplates } = Object(only(render(embedded), 'StatefulSet').spec);
    expect([replicas, volumeClaimTemplates.length]).toEqual([1, 1]);
    const many = render(postgres);
    for (const kind of ['HorizontalPodAutoscaler', 'PodDisruptionBudget']) only(many, kind);
    expect(Object(podTemplate(many).spec).topologySpreadConstraints).toHaveLength(2);
  });

  it.each(files)('gives no pod more rights than it needs with %s', (_name, file) => {
    const manifests = render(file);
    const pods = [podTemplate(manifests).spec, only(manifests, 'Pod').spec as PodSpec];
    for (const { automountServiceAccountToken, securityContext, containers } of pods) {
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('lets the commands in the pod find the operator API', () => {
    const admin = { host: '0.0.0.0', port: 9999 };
    const [container] = podTemplate(render(embedded, { config: { server: { admin } } })).spec.containers;
    expect(container?.env).toContainEqual({ name: 'OFFBOARD_URL', value: 'http://127.0.0.1:9999' });
  });

  it('lets the bridge finish before Kubernetes ends it', () => {
    const { terminationGracePeriodSeconds } = podTemplate(render(embedded)).spec;
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(stopDeadlineMs + 5_000);
  });

  it('replaces the pods when the configuration changes, and only then', () => {
    const checksum = (values: object): unknown =>
      podTemplate(render(embedded, values)).metadata.annotations['checksum/config'];
    expect(checksum({ service: { port: 81 } })).toBe(checksum({}));
    expect(checksum({ config: { retry: { minDelay: '2s' } } })).not.toBe(checksum({}));
  });

  it('leads from outside to the hooks only', () => {
    const paths = JSON.stringify([
      only(render(postgres), 'Ingress').spec,
      only(render(postgres), 'HTTPRoute').spec,
    ]);
    expect([...paths.matchAll(/"(?:path|value)":"([^"]+)"/g)].map(([, path]) => path)).toEqual([
      '/hooks/',
      '/slack/events',
      '/hooks/',
      '/slack/events',
    ]);
  });

  it('lets out what goes to GenAuth, to Kafka and to the collector of traces, also where a section is null', () => {
    const portsOf = (values: object): unknown[] => {
      const { egress } = only(render(embedded, values), 'NetworkPolicy').spec as {
        egress: { ports: { port: unknown }[] }[];
      };
      return egress.flatMap(({ ports }) => ports.map(({ port }) => port));
    };
    expect(portsOf({ config: { kafka: null, tracing: null } })).toEqual([53, 53, 443]);
    const config = {
      genauth: { host: 'https://genauth.example.test:8443' },
      kafka: { brokers: [`\${KAFKA_BROKER}`, 'kafka-1:9093'] },
      tracing: { endpoint: 'http://collector:4318' },
    };
    expect(portsOf({ config })).toEqual([53, 53, 443, 4318, 8443, 9092, 9093]);
  });

  it(
    'refuses every secret that the schema of the configuration knows, when it is written out',
    () => {
      const names = new Set<string>();
      JSON.parse(readFileSync(join(root, 'config.schema.json'), 'utf8'), (key, value) => {
        if (/(secret|token|password|key)s?$/i.test(key) && value?.type !== 'object') names.add(key);
        return value;
      });
      // Who may come in, whose tokens are below it; whom DingTalk writes to.
      for (const name of ['tokens', 'ownerKey']) names.delete(name);
      expect(names.size).toBeGreaterThan(10);
      for (const name of names) {
        const values = { config: { sources: { hr: { [name]: 'plain' } } } };
        expect(() => render(embedded, values)).toThrow(`config.sources.hr.${name} is written out`);
      }
    },
    longTestMs,
  );

  it.each<[string, string, object]>([
    ['two pods on SQLite', 'several need store: postgres', { replicas: 2 }],
    ['SQLite that scales', 'several need store: postgres', { autoscaling: { enabled: true } }],
    [
      'SQLite beside its volume',
      'must be on its volume',
      { config: { store: { url: 'sqlite:./bridge.db' } } },
    ],
    [
      'PostgreSQL as the embedded store',
      'set store: postgres',
      { config: { store: { url: `\${DATABASE_URL}` } } },
    ],
    [
      'a SQLite file for many pods',
      'which pods cannot share',
      { store: 'postgres', config: { store: { url: 'sqlite:/data/bridge.db' } } },
    ],
    ['no GenAuth', 'config.genauth.host is required', { config: { genauth: { host: null } } }],
    ['no word on dry run', 'config.leavers.dryRun is required', { config: { leavers: { dryRun: null } } }],
    [
      'a listener on loopback',
      'config.server.host is loopback',
      { config: { server: { host: '127.0.0.1' } } },
    ],
    [
      'an admin listener on loopback',
      'config.server.admin.host is loopback',
      { config: { server: { admin: { host: 'localhost' } } } },
    ],
    [
      'the operator API on the port of the hooks',
      'config.server.admin is required',
      { config: { server: { admin: null } } },
    ],
    [
      'a secret that is written out',
      'config.genauth.accessKeySecret is written out',
      { config: { genauth: { accessKeySecret: 'plain' } } },
    ],
    [
      'one of a list of secrets',
      'config.sources.hr.secrets is written out',
      { config: { sources: { hr: { secrets: [`\${A}`, 'plain'] } } } },
    ],
    [
      'a token of a person',
      'config.server.tokens[0].token is written out',
      { config: { server: { tokens: [{ name: 'a', role: 'viewer', token: 'x'.repeat(32) }] } } },
    ],
    [
      'the key of a collector',
      'config.tracing.headers is written out',
      { config: { tracing: { endpoint: 'https://collector', headers: { 'x-api-key': 'plain' } } } },
    ],
    [
      'a password in a URL',
      'config.store.url has a password',
      { store: 'postgres', config: { store: { url: 'postgres://bridge:secret@db:5432/bridge' } } },
    ],
    ['variables that nothing sets', 'nothing gives them values', { secrets: { env: null } }],
    ['an external secret from nowhere', 'secretStore.name', { externalSecret: { enabled: true } }],
    ['too little time to stop', 'must be longer than preStopSeconds', { terminationGracePeriodSeconds: 30 }],
    ['an Ingress for every host', 'ingress.host is required', { ingress: { enabled: true } }],
    ['a route without a gateway', 'httpRoute.parentRefs is required', { httpRoute: { enabled: true } }],
    [
      'fewer pods at most than at least',
      'is more than',
      { store: 'postgres', autoscaling: { enabled: true, minReplicas: 9 } },
    ],
    ['a key that does not exist', 'replicaCount', { replicaCount: 2 }],
    ['a volume for many nodes', 'accessModes', { persistence: { accessModes: ['ReadWriteMany'] } }],
  ])('refuses %s', (_what, message, values) => {
    expect(() => render(embedded, values)).toThrow(message);
  });
});
