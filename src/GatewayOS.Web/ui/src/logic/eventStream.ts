/** What an answer of server-sent events brought: its messages, and why it did not end well; null when it did. */
export function messagesOf<T>(text: string): { messages: T[]; error: { code: string; message: string } | null } {
  const messages: T[] = [];
  for (const block of text.split('\n\n')) {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
    const data = fields.get('data');
    const name = fields.get('event');
    if (name === 'end') {
      return { messages, error: null };
    }

    if (name === 'error') {
      const { code = '', message = '' } = JSON.parse(data ?? '{}') as { code?: string; message?: string };
      return { messages, error: { code, message } };
    }

    if (data !== undefined) {
      messages.push(JSON.parse(data) as T);
    }
  }

  return { messages, error: { code: '', message: '' } };
}
