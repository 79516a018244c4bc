import { isPlainObject } from './frozen.ts';
import type { Config } from './shape.ts';

const hidden = '***';
/** An example of a delivery is here because it tells of a person. */
const secretName = /secret|token|password|passphrase|credential|key|signature|auth|example/i;

/**
 * The configuration as it may be logged: without secrets and personal data. Of a handler's settings everything is
 * hidden whose name sounds like a secret, and whatever is not plain data; of a URL, its user and password.
 */
export function maskConfig(config: Config): unknown {
  const { server, store, genauth, leavers, sources, slack, kafka, tracing } = config;
  return {
    ...config,
    server: { ...server, tokens: server.tokens.map(({ role }) => ({ name: hidden, role, token: hidden })) },
    store: { url: hideCredentials(store.url) },
    genauth: { ...genauth, accessKeySecret: hidden },
    leavers: { ...leavers, protected: leavers.protected.map((one) => ({ ...one, userId: hidden })) },
    slack: slack && maskSlack(slack),
    kafka: kafka && { ...kafka, sasl: kafka.sasl && { ...kafka.sasl, password: hidden } },
    tracing: tracing && { ...tracing, headers: Object.keys(tracing.headers) },
    sources: Object.fromEntries(
      Object.values(sources).map(({ id, handler: _, kind, settings, ...rest }) => [
        id,
        { handler: kind, ...rest, settings: maskSettings(settings, false) },
      ]),
    ),
  };
}

/** Who may do what is told by their number. */
function maskSlack(slack: NonNullable<Config['slack']>): object {
  const { kick, resign } = slack.allow;
  const circle = ({ users, userGroups }: { users: readonly string[]; userGroups: readonly string[] }) => ({
    users: users.length,
    userGroups: userGroups.length,
  });
  return {
    ...slack,
    ...{ signingSecret: hidden, botToken: hidden, appToken: hidden },
    allow: { kick: circle(kick), resign: circle(resign) },
    approve: { channel: slack.approve.channel, ...circle(slack.approve) },
  };
}

function maskSettings(value: unknown, isSecret: boolean): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => maskSettings(item, isSecret));
  if (isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        maskSettings(item, isSecret || secretName.test(name)),
      ]),
    );
  }
  if (isSecret) return hidden;
  if (typeof value === 'string') return hideCredentials(value);
  return typeof value === 'number' ? value : hidden;
}

function hideCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s]*@/g, `://${hidden}@`);
}
