import { noteAnswer } from './clock';
import { addressOf, type MethodName, type ReplyOf, type RequestOf, type StreamName } from './methods';
import { messagesOf } from '../logic/eventStream';
import type { Session } from './web';

const root = '/api/v1';
const csrfHeader = 'X-CSRF-Token';

// What the page asks by itself does not keep a session from ending.
const backgroundHeader = 'X-Background';

/** What the appliance refused, in its words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds until it is worth asking again; null when it does not say. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

let csrf = '';
let isSignedIn = false;
let whenSignedOut: () => void = () => undefined;

/** Takes over the session that later requests belong to; null ends it. */
export function takeSession(session: Pick<Partial<Session>, 'csrf'> | null): void {
  isSignedIn = session !== null;
  csrf = session?.csrf ?? '';
}

/** Says what to do when the appliance no longer knows the session. */
export function onSignedOut(action: () => void): void {
  whenSignedOut = action;
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { code?: string; message?: string; retryAfterSeconds?: number };
    return new ApiError(response.status, body.code ?? '', body.message ?? response.statusText, body.retryAfterSeconds ?? null);
  } catch {
    return new ApiError(response.status, '', response.statusText);
  }
}

/** Whoever reads something: how to give up, and whether the page asks by itself. */
export interface Reading {
  signal: AbortSignal;
  isBackground: boolean;
}

async function send(method: string, path: string, body?: unknown, reading?: Reading): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }

  if (method !== 'GET' && csrf !== '') {
    headers[csrfHeader] = csrf;
  }

  if (reading?.isBackground) {
    headers[backgroundHeader] = '1';
  }

  const askedMs = Date.now();
  let response: Response;
  try {
    response = await fetch(root + path, { method, headers, body: body === undefined ? null : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store', signal: reading?.signal ?? null });
  } catch (error) {
    if (reading?.signal.aborted) {
      throw error;
    }

    throw new ApiError(0, 'UNREACHABLE', '');
  }

  noteAnswer(response.headers.get('Date'), askedMs, Date.now());
  if (!response.ok) {
    const error = await refusal(response);
    if (error.status === 401 && isSignedIn && path !== '/session') {
      whenSignedOut();
    }

    throw error;
  }

  return response;
}

async function json<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/** Asks one of the addresses that are no methods. */
export async function get<T>(path: string, reading?: Reading): Promise<T> {
  return json<T>(await send('GET', path, undefined, reading));
}

/** Sends a document to one of the addresses that are no methods. */
export async function post<T>(path: string, body: unknown, reading?: Reading): Promise<T> {
  return json<T>(await send('POST', path, body, reading));
}

/** Removes what is at an address. */
export async function remove(path: string, body?: unknown): Promise<void> {
  await send('DELETE', path, body);
}

/** Calls a method. */
export async function call<M extends MethodName>(method: M, request: RequestOf<M>, reading?: Reading): Promise<ReplyOf<M>> {
  return json<ReplyOf<M>>(await send('POST', addressOf(method), request, reading));
}

/** Calls a method that answers with a stream, and gives all of it when it has ended. What was broken off is an error, never less. */
export async function collect<M extends StreamName>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>[]> {
  const { messages, error } = messagesOf<ReplyOf<M>>(await (await send('POST', addressOf(method), request)).text());
  if (error !== null) {
    throw new ApiError(error.code === '' ? 0 : 500, error.code, error.message);
  }

  return messages;
}

/** The address of a download. */
export function downloadAddress(snapshot: string, path64: string, as: 'file' | 'zip'): string {
  return `${root}/download?${new URLSearchParams({ snapshot, ...(path64 === '' ? {} : { path64 }), as })}`;
}

/** The address of the stream of changes. */
export const eventsAddress = `${root}/events`;
