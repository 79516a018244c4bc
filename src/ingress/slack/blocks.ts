import type { Decision } from '../../core/intent.ts';

/** A block of Block Kit, as JSON. */
export type Block = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A message: `text` is what notifications show, and holds nothing that anybody typed. */
export interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** The buttons; each carries the key of the note that knows what it is about. */
export const buttons = {
  confirm: 'offboard_confirm',
  cancel: 'offboard_cancel',
  approve: 'offboard_approve',
  reject: 'offboard_reject',
} as const;

/** Block Kit's own limits, in characters. */
const limits = { section: 3_000, header: 150, dialogText: 300, listed: 10 };

/** One person of a message, and how it stands with them. */
export interface PersonLine {
  readonly name: string | null;
  /** GenAuth's status of the user. */
  readonly userStatus: string | null;
  /** `<userIdType> <userId>`. */
  readonly identifier: string;
  /** In our words; `null` before anything happened. */
  readonly state: string | null;
}

export interface AskView {
  readonly action: 'kick' | 'resign';
  readonly people: readonly PersonLine[];
  readonly appIds: readonly string[];
  /** Epoch milliseconds. */
  readonly effectiveAt: number | null;
  readonly reason: string | null;
  readonly dryRun: boolean;
  /** The note that the buttons carry; `null` when nothing is left to press. */
  readonly key: string | null;
}

/** What will happen to whom, with the buttons that say yes or no; later, what happened. */
export function askMessage(view: AskView): Message {
  const { action, key } = view;
  const title = key === null ? titles[action].told : titles[action].asked;
  const blocks = [header(title), ...view.people.slice(0, 20).map(personBlock), ...conditionBlocks(view)];
  if (key === null) return { text: title, blocks };
  const go = button('Confirm', { id: buttons.confirm, key, style: 'danger' });
  if (action === 'resign') {
    const count = view.people.length === 1 ? 'this person' : `these ${view.people.length} people`;
    Object.assign(go, {
      confirm: dialog(
        'A resign cannot be undone',
        `Ask for ${count} to be resigned? Somebody else may still have to approve.`,
        'Ask for it',
      ),
    });
  }
  return {
    text: title,
    blocks: [
      ...blocks,
      { type: 'actions', elements: [go, button('Cancel', { id: buttons.cancel, key })] },
      note('Only you see this, and only you can confirm it, within five minutes.'),
    ],
  };
}

const titles = {
  kick: { asked: 'Sign out everywhere?', told: 'Sign out' },
  resign: { asked: 'Resign for good?', told: 'Resign' },
};

function conditionBlocks(view: AskView): Block[] {
  const { action, appIds, effectiveAt, reason, dryRun } = view;
  const blocks: Block[] = [];
  if (action === 'kick')
    blocks.push(plain(appIds.length > 0 ? `Apps: ${appIds.join(', ')}` : 'Apps: all of them, as configured'));
  else blocks.push(dateBlock(effectiveAt));
  if (reason) blocks.push(plain(`Reason: ${reason}`));
  if (view.key !== null && view.people.some(({ name }) => name === null))
    blocks.push(note('GenAuth did not say in time who that is. Confirm only if you are sure.'));
  if (dryRun) blocks.push(note('Dry run: this is only watched, and nothing is done to anybody.'));
  return blocks;
}

function dateBlock(effectiveAt: number | null): Block {
  if (effectiveAt === null) return plain('When: at once');
  const seconds = Math.floor(effectiveAt / 1_000);
  const fallback = `${new Date(effectiveAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    type: 'section',
    text: { type: 'mrkdwn', text: `When: <!date^${seconds}^{date_long} {time}|${fallback}> (${fallback})` },
  };
}

export interface HeldView {
  readonly action: 'kick' | 'resign';
  readonly source: string;
  /** Why, in our words. */
  readonly why: string;
  readonly needsApproval: boolean;
  /** Some of them. */
  readonly people: readonly PersonLine[];
  /** The id of the set, and how many belong to it, or still wait. */
  readonly setId: string;
  readonly count: number;
  /** ISO 8601, when it was asked about before and nobody decided. */
  readonly since: string | null;
  /** Who asked for all of it, such as `slack:U024BE7LH` or `api:ada`; `null` for a machine. */
  readonly askedBy: string | null;
  /** What was decided about all of it. */
  readonly decided: Pick<Decision, 'by' | 'verdict' | 'reason'> | null;
  readonly reason: string | null;
  readonly effectiveAt: number | null;
  readonly key: string | null;
}

/** What waits for a person to decide, in the approvers' channel. */
export function heldMessage(view: HeldView): Message {
  const { action, key, people, count, since, decided } = view;
  const many = count === 1 ? '1 person' : `${count} people`;
  const title = view.needsApproval ? `A ${action} needs your approval` : `Held: ${action} of ${many}`;
  const blocks = [header(title)];
  if (view.askedBy === null) blocks.push(plain(`Source: ${view.source}`));
  else blocks.push(markdown(`Asked for by ${nameActor(view.askedBy)}`));
  blocks.push(...people.slice(0, limits.listed).map(personBlock));
  if (count > limits.listed)
    blocks.push(
      plain(`… and ${count - limits.listed} more; GET /v1/intents?set=${view.setId} lists them all.`),
    );
  if (action === 'resign') blocks.push(dateBlock(view.effectiveAt));
  if (view.reason) blocks.push(plain(`Reason: ${view.reason}`));
  blocks.push(plain(`Why it waits: ${view.why}`));
  if (since !== null)
    blocks.push(plain(`Nobody has decided since ${since.slice(0, 10)}; it is asked again.`));
  if (decided) blocks.push(...decisionBlocks(view, decided));
  if (key !== null) {
    const [yes, no] = view.needsApproval ? ['Approve', 'Reject'] : ['Release', 'Cancel'];
    const done = action === 'resign' ? 'A resign cannot be undone.' : 'They are signed out at once.';
    const warning = dialog(`${yes} for ${many}?`, `${done} It applies to ${many}.`, yes);
    blocks.push(
      {
        type: 'actions',
        elements: [
          { ...button(yes, { id: buttons.approve, key, style: 'danger' }), confirm: warning },
          button(no, { id: buttons.reject, key }),
        ],
      },
      note('Nobody can approve what they asked for themselves.'),
    );
  }
  return { text: title, blocks };
}

function decisionBlocks(
  { needsApproval }: HeldView,
  { by, verdict, reason }: NonNullable<HeldView['decided']>,
): Block[] {
  const [yes, no] = needsApproval ? ['Approved', 'Rejected'] : ['Released', 'Canceled'];
  const said = markdown(`${verdict === 'approved' ? yes : no} by ${nameActor(by)}`);
  return reason === null ? [said] : [said, plain(`Because: ${reason}`)];
}

/** Only for what holds nothing that anybody typed. */
function markdown(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

/** Slack ids become mentions; they come from the store, not from what was typed. */
function nameActor(actor: string): string {
  const [, id] = /^slack:([UW][A-Z0-9]+)$/.exec(actor) ?? [];
  return id ? `<@${id}>` : actor.replace(/[<>&*_~`]/g, '');
}

/** News for the approvers: what happened, and what to do next. */
export function newsMessage(title: string, lines: readonly string[]): Message {
  return { text: title, blocks: [header(title), ...lines.slice(0, 20).map(plain)] };
}

/** A short answer to one person. */
export function shortMessage(text: string): Message {
  return { text: 'Offboard Bridge', blocks: [plain(text)] };
}

/** How the commands are written. */
export function helpMessage(): Message {
  const lines = [
    '*Sign somebody out everywhere, at once*\n`/kick <who> [in <app>[, <app>]] [reason]`',
    '*Resign somebody for good: it cannot be undone, and somebody else has to approve*\n`/resign <who> [on <date>] [reason]`',
    'Who: `@mention`, `ada@example.com`, `+8613800000000`, `lark:ou_…`, `external_id:1234`, `username:ada`, `user_id:…`, a GenAuth id, or `<id of the identity provider>:<id there>`; several with blanks between them.',
    'Date: `2026-12-01`, when that day begins for you, or `2026-12-01T18:00+08:00`.',
    'Put `--` before a reason that begins with a name, `in` or `on`.',
  ];
  return {
    text: 'How to use /kick and /resign',
    blocks: lines.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text: escapeAngles(text) } })),
  };
}

function escapeAngles(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function personBlock({ name, userStatus, identifier, state }: PersonLine): Block {
  const who = name === null ? [] : [userStatus === null ? name : `${name} (${userStatus})`];
  return plain([...who, identifier, ...(state === null ? [] : [state])].join('\n'));
}

function header(text: string): Block {
  return { type: 'header', text: plainText(text, limits.header) };
}

function plain(text: string): Block {
  return { type: 'section', text: plainText(text, limits.section) };
}

function note(text: string): Block {
  return { type: 'context', elements: [plainText(text, limits.section)] };
}

/** Whatever somebody typed, or a directory says, goes out as this: nothing in it is markup. */
function plainText(text: string, most: number): object {
  return {
    type: 'plain_text',
    text: text.length > most ? `${text.slice(0, most - 1)}…` : text,
    emoji: false,
  };
}

function button(
  text: string,
  { id, key, style }: { id: string; key: string; style?: 'danger' },
): Record<string, unknown> {
  return {
    type: 'button',
    action_id: id,
    text: plainText(text, 75),
    value: key,
    ...(style ? { style } : {}),
  };
}

function dialog(title: string, text: string, confirm: string): object {
  return {
    title: plainText(title, 100),
    text: plainText(text, limits.dialogText),
    confirm: plainText(confirm, 30),
    deny: plainText('Back', 30),
    style: 'danger',
  };
}
