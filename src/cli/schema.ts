/** Writes what is made from the schemas: those of the configuration and of what goes through Kafka, and its reference. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { handlers } from '../../handlers/index.ts';
import { configJsonSchema, writeYaml } from '../config.ts';
import { configurationPage } from './configuration-page.ts';
import { asyncApi, messageSchemas } from './message-schemas.ts';

const root = new URL('../../', import.meta.url);
const write = (path: string, text: string): void => writeFileSync(new URL(path, root), text);
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

mkdirSync(new URL('docs/schemas/', root), { recursive: true });
const configSchema = configJsonSchema(handlers);
write('config.schema.json', json(configSchema));
write('docs/configuration.md', configurationPage(configSchema));
for (const [name, schema] of Object.entries(messageSchemas()))
  write(`docs/schemas/${name}.json`, json(schema));
write('docs/asyncapi.yaml', writeYaml(asyncApi()));
