import { describe, expect, it } from 'vitest';
import { costOf, shareThere, vaultState } from '../src/logic/vaults';

const hourMs = 3_600_000;
const nowMs = 1_000 * hourMs;

describe('how a vault stands', () => {
  it('is said by when it last had everything', () => {
    const until = (hoursAgo: number) => String(nowMs - hoursAgo * hourMs);
    expect(vaultState({ completeUntilUnixMs: until(2) }, nowMs)).toBe('ok');
    expect(vaultState({ completeUntilUnixMs: until(2), isSyncing: true }, nowMs)).toBe('ok');
    expect(vaultState({ completeUntilUnixMs: until(5) }, nowMs)).toBe('late');
    expect(vaultState({ completeUntilUnixMs: until(5), isSyncing: true }, nowMs)).toBe('syncing');
    expect(vaultState({}, nowMs)).toBe('never');
    expect(vaultState({ completeUntilUnixMs: until(0), problem: 'damaged' }, nowMs)).toBe('unknown');
  });

  it('costs what its classes cost, and says what has no price', () => {
    expect(costOf({})).toBeNull();
    expect(costOf({ classes: [{ name: 'STANDARD', isPriced: true, perMonth: 2.5, toRead: 0 }, { name: 'COLD' }] })).toEqual({ perMonth: 2.5, toRead: 0, unpriced: ['COLD'] });
  });

  it('counts nothing to do as done', () => {
    expect(shareThere(0, 0)).toBe(1);
    expect(shareThere(1, 4)).toBe(0.25);
    expect(shareThere(5, 4)).toBe(1);
  });
});
