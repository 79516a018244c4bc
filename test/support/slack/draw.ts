/** Draws the pictures of docs/slack.md from the real blocks: `npm run pictures`. */
import { writeFileSync } from 'node:fs';
import { messages } from './messages.ts';
import { drawMessage } from './picture.ts';

for (const [name, message] of Object.entries(messages)) {
  writeFileSync(new URL(`../../../docs/slack/${name}.svg`, import.meta.url), drawMessage(message));
}
