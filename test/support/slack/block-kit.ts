/** Block Kit's documented limits, for the blocks that the bridge uses. @returns every breach */
export function blockKitFaults(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return ['blocks are no list'];
  const faults = blocks.length > 50 ? ['more than 50 blocks'] : [];
  return [
    ...faults,
    ...blocks.flatMap((block, index) => blockFaults(fields(block)).map((one) => `${index}: ${one}`)),
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function blockFaults(block: Fields): string[] {
  switch (block.type) {
    case 'header':
      return textFaults(block.text, 150, ['plain_text']);
    case 'section':
      return textFaults(block.text, 3_000, ['plain_text', 'mrkdwn']);
    case 'context':
      return elementsOf(block, 10).flatMap((one) => textFaults(one, 3_000, ['plain_text', 'mrkdwn']));
    case 'actions':
      return [...elementsOf(block, 25).flatMap(buttonFaults), ...repeatedIds(block)];
    default:
      return [`an unknown block ${String(block.type)}`];
  }
}

function elementsOf(block: Fields, most: number): Fields[] {
  const elements = Array.isArray(block.elements) ? block.elements.map(fields) : [];
  if (elements.length < 1 || elements.length > most) throw new RangeError(`${elements.length} elements`);
  return elements;
}

function repeatedIds(block: Fields): string[] {
  const ids = elementsOf(block, 25).map((one) => one.action_id);
  return new Set(ids).size === ids.length ? [] : ['an action_id twice in a block'];
}

function buttonFaults(button: Fields): string[] {
  if (button.type !== 'button') return [`an unknown element ${String(button.type)}`];
  const faults = textFaults(button.text, 75, ['plain_text']);
  if (String(button.action_id).length > 255) faults.push('action_id is too long');
  if (String(button.value).length > 2_000) faults.push('value is too long');
  if (button.confirm === undefined) return faults;
  const { title, text, confirm, deny } = fields(button.confirm);
  return [
    ...faults,
    ...textFaults(title, 100, ['plain_text']),
    ...textFaults(text, 300, ['plain_text', 'mrkdwn']),
    ...textFaults(confirm, 30, ['plain_text']),
    ...textFaults(deny, 30, ['plain_text']),
  ];
}

function textFaults(value: unknown, most: number, types: readonly string[]): string[] {
  const { type, text } = fields(value);
  if (!types.includes(String(type))) return [`a text of type ${String(type)}`];
  if (typeof text !== 'string' || text.length < 1 || text.length > most)
    return [`a text not of 1 to ${most}`];
  return [];
}
