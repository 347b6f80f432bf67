import { describe, expect, it } from 'vitest';
import { messagesOf } from '../src/logic/eventStream';

describe('a stream that is collected', () => {
  it('gives its messages when it has ended', () => {
    expect(messagesOf('data: {"a":1}\n\n:\n\ndata: {"a":2}\n\nevent: end\ndata: {}\n\n')).toEqual({ messages: [{ a: 1 }, { a: 2 }], error: null });
  });

  it('is an error when it was broken off, or ended with one', () => {
    expect(messagesOf('data: {"a":1}\n\n').error).toEqual({ code: '', message: '' });
    expect(messagesOf('event: error\ndata: {"code":"UNAVAILABLE","message":"Later."}\n\n').error).toEqual({ code: 'UNAVAILABLE', message: 'Later.' });
  });
});
