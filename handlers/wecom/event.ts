import { z } from 'zod';
import {
  type CallbackKeys,
  type Delivery,
  decryptCallback,
  MalformedDelivery,
  readShape,
} from '../../src/core/handler.ts';
import { encryptedIn, parseXml } from './callback.ts';

const text = z.string().default('');
/** An event, as an app of the company gets it, or as a suite does (`InfoType`, `AuthCorpId`, `TimeStamp`). */
const eventSchema = z
  .object({
    ToUserName: text,
    AuthCorpId: text,
    Event: text,
    InfoType: text,
    CreateTime: text,
    TimeStamp: text,
    ChangeType: text,
    UserID: text,
    NewUserID: text,
    Status: text,
  })
  .transform(({ ToUserName, AuthCorpId, Event, InfoType, CreateTime, TimeStamp, ...event }) => ({
    ...event,
    name: InfoType || Event,
    company: AuthCorpId || ToUserName,
    sentAt: TimeStamp || CreateTime,
    isForSuite: InfoType !== '',
  }));
export type Event = z.output<typeof eventSchema>;

/** @throws MalformedDelivery */
export function readEvent(delivery: Delivery, keys: CallbackKeys): Event {
  const opened = decryptCallback(keys, encryptedIn(delivery));
  if (!opened) {
    throw new MalformedDelivery('Encrypt: was encrypted with another key, or to another receiver');
  }
  const document = parseXml(opened.message);
  if (document === null) throw new MalformedDelivery('body: is not an <xml> document in UTF-8');
  return readShape(eventSchema, document);
}

/** The same, or `null` when it cannot be read. */
export function readEventOrNull(delivery: Delivery, keys: CallbackKeys): Event | null {
  try {
    return readEvent(delivery, keys);
  } catch (error) {
    if (error instanceof MalformedDelivery) return null;
    throw error;
  }
}
