import { z } from 'zod';
import { type Delivery, MalformedDelivery, readEpoch, readShape } from '../../src/core/handler.ts';
import { decryptBody, parseOrNull } from './callback.ts';
import type { Settings } from './settings.ts';

const text = z.string().optional();
/** An event, whichever way it came. */
export const eventSchema = z
  .object({
    EventType: z.string(),
    EventTime: z.unknown().optional(),
    CorpId: text,
    eventId: text,
    // Older pushes write UserId and TimeStamp, streams timestamp too; only apps of a company get a list.
    userId: z.unknown().optional(),
    UserId: z.unknown().optional(),
    timeStamp: z.unknown().optional(),
    TimeStamp: z.unknown().optional(),
    timestamp: z.unknown().optional(),
    staffId: z.unknown().optional(),
    changeType: z.unknown().optional(),
  })
  .transform(({ userId, UserId, timeStamp, TimeStamp, timestamp, EventTime, ...event }) => ({
    ...event,
    userIds: [userId ?? UserId].flat(),
    occurredAt: readEpoch(timeStamp ?? TimeStamp ?? timestamp ?? EventTime),
  }));
export type Event = z.output<typeof eventSchema>;

/** An event on a stream; its data is JSON once more. */
const frameSchema = z.object({
  headers: z.object({
    eventType: z.string(),
    eventId: text,
    eventCorpId: text,
    eventBornTime: z.unknown().optional(),
  }),
  data: z.string(),
});

/** The event in a body; `null` when it cannot be read. Of a callback only what was encrypted is signed, too. */
export function readJson(delivery: Delivery, settings: Settings): unknown {
  if (settings.transport === 'stream') return readFrame(delivery);
  const body = decryptBody(delivery, settings)?.message;
  return body ? parseOrNull({ ...delivery, body }) : null;
}

function readFrame(delivery: Delivery): unknown {
  const { data: frame } = frameSchema.safeParse(parseOrNull(delivery));
  const content = frame ? parseOrNull({ ...delivery, body: Buffer.from(frame.data) }) : null;
  if (!frame || content === null) return null;
  const { eventType, eventId, eventCorpId, eventBornTime } = frame.headers;
  return { ...Object(content), EventType: eventType, eventId, CorpId: eventCorpId, EventTime: eventBornTime };
}

/** @throws MalformedDelivery */
export function readEvent(delivery: Delivery, settings: Settings): Event {
  const content = readJson(delivery, settings);
  if (content === null) {
    throw new MalformedDelivery('body: is no JSON, or was encrypted with another key or to another owner');
  }
  return readShape(eventSchema, content);
}
