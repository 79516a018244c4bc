import type { Handler } from '../src/core/handler.ts';
import { adp } from './adp.ts';
import { bamboohr } from './bamboohr.ts';
import { custom } from './custom.ts';
import { deel } from './deel.ts';
import { dingtalk } from './dingtalk.ts';
import { events } from './events.ts';
import { factorial } from './factorial.ts';
import { finch } from './finch.ts';
import { gusto } from './gusto.ts';
import { hibob } from './hibob.ts';
import { lark } from './lark.ts';
import { merge } from './merge.ts';
import { paylocity } from './paylocity.ts';
import { personio } from './personio.ts';
import { rippling } from './rippling.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { wecom } from './wecom.ts';

/** Every handler by its word in the configuration, which is also the name of its file. */
export const handlers: Readonly<Record<string, Handler>> = {
  'standard-webhooks': standardWebhooks,
  custom,
  adp,
  bamboohr,
  dingtalk,
  lark,
  wecom,
  deel,
  factorial,
  finch,
  gusto,
  hibob,
  merge,
  paylocity,
  personio,
  rippling,
  events,
};
