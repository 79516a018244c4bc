import { afterAll, beforeAll } from '@jest/globals';
import { type KafkaBroker, startKafka } from './broker.ts';
import { type KafkaProxy, openKafkaProxy } from './proxy.ts';

/** A broker of the suite's own, and a proxy that leads to it; there are none before the first test. */
export interface ProxiedKafka {
  readonly broker: KafkaBroker;
  readonly proxy: KafkaProxy;
}

/** Starts them before the tests of the suite that calls this, and ends them after. */
export function useProxiedKafka(): ProxiedKafka {
  let open: ProxiedKafka | null = null;
  const current = (): ProxiedKafka => {
    if (!open) throw new Error('the broker was not started');
    return open;
  };

  beforeAll(async () => {
    const proxy = await openKafkaProxy();
    const broker = await startKafka({ proxy: proxy.address });
    proxy.leadTo(broker.proxied);
    open = { broker, proxy };
  }, 120_000);

  afterAll(async () => {
    await open?.broker.close();
    await open?.proxy.close();
  });

  return {
    get broker() {
      return current().broker;
    },
    get proxy() {
      return current().proxy;
    },
  };
}
