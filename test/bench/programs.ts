import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { emulatorDefaults } from '../../src/emulator/emulator.ts';
import { read } from '../e2e/house.ts';
import { optionsOfStart, type RunningProcess, startProcess } from '../e2e/process.ts';
import type { BenchStore } from './store.ts';

/** Of the source `bench`. */
export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const token = 'a-token-that-is-for-measuring-only';
const ready = z.object({ url: z.string() });

/** A program under load, in a process of its own. */
export interface Program {
  readonly url: string;
  /** @param signal `SIGTERM` unless told otherwise */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface BridgeProgram extends Program {
  /** Calls the operator API; a body makes it a `POST`. */
  ask(path: string, body?: object): Promise<unknown>;
  /** Of its process, in bytes, as it tells of itself. */
  residentMemory(): Promise<number>;
}

export interface BridgeSections {
  readonly genauth?: object;
  readonly leavers?: object;
  readonly limits?: object;
  readonly retry?: object;
}

/** Starts the bridge as `npm start -- --config FILE` does. */
export async function startBridge(store: BenchStore, sections: BridgeSections = {}): Promise<BridgeProgram> {
  const { accessKeyId, accessKeySecret } = emulatorDefaults;
  const config = {
    server: { port: 0, tokens: [{ name: 'bench', role: 'approver', token }] },
    store: { url: store.url },
    genauth: { host: 'http://127.0.0.1:9', accessKeyId, accessKeySecret, ...sections.genauth },
    leavers: { dryRun: false, ...sections.leavers },
    sources: { bench: { handler: 'standard-webhooks', secrets: [webhookSecret] } },
    ...(sections.limits ? { limits: sections.limits } : {}),
    ...(sections.retry ? { retry: sections.retry } : {}),
  };
  const file = join(store.folder, 'bridge.yaml');
  // YAML reads JSON.
  await writeFile(file, JSON.stringify(config));
  const bridge = startProcess('src/main.ts', ['--config', file], { env: { NODE_OPTIONS: nodeOptions() } });
  const { url } = ready.parse(await bridge.logged('ready'));
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const posted = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const answer = await read(
      await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` }, ...posted }),
    );
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    url,
    stop: stopOf(bridge),
    ask,
    async residentMemory() {
      const metrics = String(await ask('/metrics'));
      return Number(/^offboard_bridge_process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
    },
  };
}

/** Starts the bare counterpart. @param forwardTo where it sends what it is sent; it only answers without */
export async function startBareApp(forwardTo?: string): Promise<Program> {
  const process = startProcess('test/bench/bare-app.ts', forwardTo ? [forwardTo] : [], {
    env: { BENCH_SECRET: webhookSecret },
  });
  const { url } = ready.parse(await process.logged('ready'));
  return { url, stop: stopOf(process) };
}

function stopOf(process: RunningProcess): Program['stop'] {
  return async (signal = 'SIGTERM') => {
    process.signal(signal);
    await process.ended;
  };
}

/** Those of `npm start`, and `BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…"` to profile the bridge. */
function nodeOptions(): string {
  return `${optionsOfStart} ${process.env.BENCH_NODE_OPTIONS ?? ''}`.trim();
}
