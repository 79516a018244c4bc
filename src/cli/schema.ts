/** Writes the JSON Schema of the configuration file, which editors use and the package ships. */
import { writeFileSync } from 'node:fs';
import { handlers } from '../../handlers/index.ts';
import { configJsonSchema } from '../config.ts';

const file = new URL('../../config.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(configJsonSchema(handlers), null, 2)}\n`);
