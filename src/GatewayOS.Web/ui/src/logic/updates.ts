import type { Tone } from './verdict';

/** Bytes of a piece: as base64 in JSON it stays below the appliance's limit of 1 MiB for a request. */
export const pieceBytes = 512 * 1024;

/** Tone of an attempt's state. */
export function toneOf(state: string): Tone {
  switch (state) {
    case 'good':
      return 'good';
    case 'installing':
    case 'installed':
    case 'checking':
      return 'unknown';
    case 'refused':
      return 'warn';
    default:
      return 'bad';
  }
}

/** Bytes as base64, made in parts: a call's arguments have a limit. */
export function base64Of(bytes: Uint8Array): string {
  const partBytes = 0x8000;
  let text = '';
  for (let at = 0; at < bytes.length; at += partBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + partBytes));
  }

  return btoa(text);
}

/** What a file is sent in: offset and end of each piece. */
export function piecesOf(fileBytes: number): { from: number; to: number }[] {
  const pieces = [];
  for (let from = 0; from < fileBytes; from += pieceBytes) {
    pieces.push({ from, to: Math.min(from + pieceBytes, fileBytes) });
  }

  return pieces;
}
