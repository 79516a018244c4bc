import type { Block, Message } from '../../../src/ingress/slack/blocks.ts';

interface Drawing {
  readonly svg: string;
  readonly height: number;
}

const width = 560;
const margin = 16;
const charactersPerLine = 78;

/** Draws a message's blocks as Slack shows them, more or less, as SVG. */
export function drawMessage({ text, blocks }: Message): string {
  let y = margin;
  const parts: string[] = [];
  for (const block of blocks) {
    const { svg, height } = drawBlock(block);
    parts.push(`<g transform="translate(${margin + 12},${y})">${svg}</g>`);
    y += height + 8;
  }
  const height = y + margin - 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Lato, Helvetica, Arial, sans-serif" font-size="14">
<title>${escapeXml(text)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#fff" stroke="#ddd"/>
<rect x="${margin - 4}" y="${margin}" width="4" height="${height - 2 * margin}" rx="2" fill="#ddd"/>
${parts.join('\n')}
</svg>
`;
}

function drawBlock(block: Block): Drawing {
  switch (block.type) {
    case 'header':
      return drawText(textIn(block.text), { size: 17, weight: 'bold', fill: '#1d1c1d' });
    case 'context':
      return drawText(elementsIn(block).map(textIn).join(' '), {
        size: 12,
        weight: 'normal',
        fill: '#616061',
      });
    case 'actions':
      return drawButtons(block);
    default:
      return drawText(textIn(block.text), { size: 14, weight: 'normal', fill: '#1d1c1d' });
  }
}

function drawText(
  text: string,
  { size, weight, fill }: { size: number; weight: string; fill: string },
): Drawing {
  const lines = text.split('\n').flatMap(wrap);
  const step = Math.round(size * 1.4);
  const spans = lines.map(
    (line, index) => `<tspan x="0" y="${size + index * step}">${escapeXml(line)}</tspan>`,
  );
  const svg = `<text font-size="${size}" font-weight="${weight}" fill="${fill}">${spans.join('')}</text>`;
  return { svg, height: lines.length * step };
}

function drawButtons(block: Block): Drawing {
  let x = 0;
  const parts = elementsIn(block).map((button) => {
    const text = textIn(button.text);
    const isDanger = button.style === 'danger';
    const size = text.length * 8 + 24;
    const part = `<g transform="translate(${x},2)"><rect width="${size}" height="30" rx="4" fill="${isDanger ? '#e01e5a' : '#fff'}" stroke="${isDanger ? '#e01e5a' : '#bbb'}"/><text x="${size / 2}" y="20" text-anchor="middle" font-weight="bold" fill="${isDanger ? '#fff' : '#1d1c1d'}">${escapeXml(text)}</text></g>`;
    x += size + 8;
    return part;
  });
  return { svg: parts.join(''), height: 36 };
}

type Fields = Readonly<Record<string, unknown>>;

function elementsIn(block: Block): readonly Fields[] {
  return Array.isArray(block.elements) ? block.elements.map((one: unknown) => ({ ...Object(one) })) : [];
}

/** The text of a text object, with what its markup stands for. */
function textIn(value: unknown): string {
  const { type, text } = { ...Object(value) };
  if (type !== 'mrkdwn') return String(text);
  return String(text)
    .replace(/<!date\^\d+\^[^|]*\|([^>]*)>/g, '$1')
    .replace(/<@([A-Z0-9]+)>/g, '@$1')
    .replace(/[*`]/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

function wrap(line: string): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > charactersPerLine) {
    const blank = rest.lastIndexOf(' ', charactersPerLine);
    const end = blank > 0 ? blank : charactersPerLine;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
