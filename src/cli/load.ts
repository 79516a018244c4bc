import { handlers } from '../../handlers/index.ts';
import { type Config, ConfigFault, loadConfig } from '../config.ts';

/** Reads the configuration, or says on standard error everything that is wrong with it, and gives `null`. */
export function loadOrSay(file: string, env: NodeJS.ProcessEnv): Config | null {
  try {
    return loadConfig(file, { env, handlers });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    process.stderr.write(`${file} has ${error.faults.length} fault(s):\n`);
    for (const fault of error.faults) process.stderr.write(`  ${fault}\n`);
    return null;
  }
}
