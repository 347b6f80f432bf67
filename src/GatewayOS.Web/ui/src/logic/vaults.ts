import type { VaultInfo } from '../api/types';
import { moment } from './numbers';
import type { Tone } from './verdict';

// Vaults are brought up to date hourly; one that missed two rounds is behind.
const lateMs = 3 * 3_600_000;

export type VaultState = 'ok' | 'late' | 'syncing' | 'never' | 'unknown';

/** How a vault stands. */
export function vaultState(vault: VaultInfo, nowMs: number): VaultState {
  const complete = moment(vault.completeUntilUnixMs);
  if (vault.problem) {
    return 'unknown';
  }

  if (complete !== null && nowMs - complete <= lateMs) {
    return 'ok';
  }

  return vault.isSyncing ? 'syncing' : complete === null ? 'never' : 'late';
}

/** What it is painted in. */
export function toneOfVault(state: VaultState): Tone {
  return ({ ok: 'good', late: 'warn', syncing: 'busy', never: 'warn', unknown: 'unknown' } as const)[state];
}

/** How much of what a task takes is in the vault, from 0 to 1; all of nothing is there. */
export function shareThere(there: number, all: number): number {
  return all === 0 ? 1 : Math.min(there / all, 1);
}

/** What a vault costs by the classes its objects lie in; null when that was not looked at. */
export function costOf(vault: VaultInfo): { perMonth: number; toRead: number; unpriced: string[] } | null {
  const uses = vault.classes ?? [];
  return uses.length === 0 ? null : {
    perMonth: uses.reduce((sum, use) => sum + (use.perMonth ?? 0), 0),
    toRead: uses.reduce((sum, use) => sum + (use.toRead ?? 0), 0),
    unpriced: uses.filter((use) => use.isPriced !== true).map((use) => use.name ?? ''),
  };
}
