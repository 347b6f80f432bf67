import { describe, expect, it } from 'vitest';
import { base64Of, pieceBytes, piecesOf, toneOf } from '../src/logic/updates';
import { updates } from '../src/texts/updates';

describe('a bundle', () => {
  it('is sent in pieces that meet and end where it ends', () => {
    expect(piecesOf(0)).toEqual([]);
    expect(piecesOf(1)).toEqual([{ from: 0, to: 1 }]);
    expect(piecesOf(pieceBytes)).toEqual([{ from: 0, to: pieceBytes }]);
    expect(piecesOf(2 * pieceBytes + 3).map(({ from, to }) => to - from)).toEqual([pieceBytes, pieceBytes, 3]);
  });

  it('stays below the limit of a request as text', () => {
    expect(Math.ceil(pieceBytes / 3) * 4).toBeLessThan(1024 * 1024 - 1024);
  });

  it('keeps every byte', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) & 255);
    expect(Uint8Array.from(atob(base64Of(bytes)), (letter) => letter.charCodeAt(0))).toEqual(bytes);
  });
});

describe('an attempt', () => {
  it('is good only when its system was kept', () => {
    expect(Object.keys(updates.states).filter((state) => toneOf(state) === 'good')).toEqual(['good']);
    expect(toneOf('something new')).toBe('bad');
  });
});
