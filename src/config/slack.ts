import { z } from 'zod';
import { baseUrlSetting } from '../core/source-settings.ts';

const userId = z
  .string()
  .regex(/^[UW][A-Z0-9]{2,}$/, { error: 'is not the id of a Slack user, such as U024BE7LH' });
const groupId = z
  .string()
  .regex(/^S[A-Z0-9]{2,}$/, { error: 'is not the id of a Slack user group, such as S0614TZR7' });
const channelId = z
  .string()
  .regex(/^[CG][A-Z0-9]{2,}$/, { error: 'is not the id of a Slack channel, such as C024BE91L' });

const users = z.array(userId).max(1_000).default([]).describe('Slack user ids');
const userGroups = z
  .array(groupId)
  .max(50)
  .default([])
  .describe('Slack user group ids; read anew every minute');
const circle = z.strictObject({ users, userGroups });

const token = (prefix: string) =>
  z
    .string()
    .max(1_024)
    .regex(new RegExp(`^${prefix}-[\\w.-]+$`), { error: `is not a token that begins with ${prefix}-` });

/** With a slash at its end, as Slack's client wants it. */
const apiUrl = baseUrlSetting('https://slack.com/api/').transform((url) => `${url}/`);

/** The Slack workspace from which people may ask. */
export const slackSchema = z
  .strictObject({
    mode: z
      .enum(['http', 'socket'])
      .default('http')
      .describe('http = Slack sends to /slack/events; socket = the bridge connects to Slack (Socket Mode)'),
    signingSecret: z
      .string()
      .min(16)
      .max(512)
      .nullable()
      .default(null)
      .describe('with it Slack signs what it sends; needed for http'),
    botToken: token('xoxb').describe('the bot token of the installed app'),
    appToken: token('xapp').nullable().default(null).describe('the app-level token; needed for socket'),
    apiUrl: apiUrl
      .default('https://slack.com/api/')
      .describe("Slack's Web API, to which the tokens are sent"),
    allow: z
      .strictObject({
        kick: circle.prefault({}).describe('who may ask for a kick; nobody else'),
        resign: circle.prefault({}).describe('who may ask for a resign; nobody else'),
      })
      .prefault({})
      .describe('who may ask for what'),
    approve: z
      .strictObject({
        channel: channelId
          .nullable()
          .default(null)
          .describe('where approvals are asked for and news is told; null = nowhere'),
        users,
        userGroups,
      })
      .prefault({})
      .describe('where and by whom a resign or a held set is released'),
    limits: z
      .strictObject({
        perCommand: z.int().min(1).max(20).default(5).describe('the most people in one command'),
        perHour: z
          .int()
          .min(1)
          .max(1_000)
          .default(10)
          .describe('the most people that one person confirms in an hour'),
      })
      .prefault({})
      .describe('how much one person may ask for'),
  })
  .superRefine(
    (section, context) => {
      const fault = (path: readonly string[], message: string): void =>
        context.addIssue({ code: 'custom', path: [...path], message });
      if (section.mode === 'http' && !section.signingSecret)
        fault(['signingSecret'], 'is required for mode http');
      if (section.mode === 'socket' && !section.appToken) fault(['appToken'], 'is required for mode socket');
      const { channel, users: people, userGroups: groups } = Object(section.approve);
      if (!channel && [people, groups].some((list) => Array.isArray(list) && list.length > 0))
        fault(['approve', 'channel'], 'is required where approvers are named: they are asked there');
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );
