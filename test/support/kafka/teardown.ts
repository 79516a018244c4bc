import './setup.ts';

export default async function closeSharedKafka(): Promise<void> {
  await globalThis.sharedKafka?.close();
}
