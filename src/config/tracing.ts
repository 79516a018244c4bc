import { z } from 'zod';
import { baseUrlFault } from '../core/base-url.ts';
import { text } from './value.ts';

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, { error: 'is not a name of a header' });
const headerValue = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[\x20-\x7e]+$/, { error: 'has characters that an HTTP header cannot carry' });

/** Where traces go. Without headers no credentials do, so that a collector in the same network needs no TLS. */
export const tracing = z
  .strictObject({
    endpoint: text.describe('the base URL of an OTLP collector over HTTP; spans go to /v1/traces below it'),
    headers: z
      .record(headerName, headerValue)
      .default({})
      .describe('sent along, such as an API key; then endpoint must be https'),
    sampleRatio: z.number().min(0).max(1).default(1).describe('the share of traces that is recorded, 0 to 1'),
    serviceName: text.default('offboard-bridge').describe('the name under which they are found'),
  })
  .superRefine(
    ({ endpoint, headers }, context) => {
      const isBare = Object.keys(Object(headers)).length === 0;
      const checked = isBare ? String(endpoint).replace(/^http:/, 'https:') : String(endpoint);
      const message = baseUrlFault(checked, 'https://collector.example.com:4318');
      if (message !== null) context.addIssue({ code: 'custom', path: ['endpoint'], message });
    },
    { when: ({ value }) => typeof Object(value).endpoint === 'string' },
  );
