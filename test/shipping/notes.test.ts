import { expect, it } from '@jest/globals';
import { describeWithTools, renderNotes, valueFiles } from './tools.ts';

const embedded = valueFiles.find((file) => file.endsWith('embedded-values.yaml')) ?? '';

describeWithTools('what the chart says after an install', () => {
  it('is where the senders post to, and nothing that nobody serves', () => {
    const sources = {
      topic: { handler: 'events' },
      queue: { handler: 'adp' },
      lark: { handler: 'lark', transport: 'stream' },
    };
    const kafka = { consume: [{ topic: 'hr', source: 'topic', from: 'latest' }] };
    const ingress = { enabled: true, host: 'bridge.example.test' };
    const notes = renderNotes(embedded, { config: { sources, kafka }, ingress });
    expect(notes.match(/https:\S*?(?=\\n)/g)).toEqual(['https://bridge.example.test/hooks/hr']);
  });
});
