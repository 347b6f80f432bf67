import type { VaultBandwidthLimit } from '../api/types';

const wholeDay = '00:00';
const leastBytesPerSecond = 64 * 1024;
const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const form = /^(?:((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)\s*=\s*)?(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?(?:\/s)?$/i;

/** A limit as it is typed: 2M, or 08:00-18:00=2M. */
export function limitText(limit: VaultBandwidthLimit): string {
  const size = sizeText(Number(limit.bytesPerSecond ?? 0));
  return limit.from === limit.to ? size : `${limit.from}-${limit.to}=${size}`;
}

function sizeText(value: number): string {
  for (const [unit, factor] of [['G', units['g']], ['M', units['m']], ['k', units['k']]] as const) {
    if (factor !== undefined && value >= factor && value % factor === 0) {
      return `${value / factor}${unit}`;
    }
  }

  return String(value);
}

/** Limits from lines of text; and the lines that are none. */
export function limitsOf(text: string): { limits: VaultBandwidthLimit[]; wrong: string[] } {
  const limits: VaultBandwidthLimit[] = [];
  const wrong: string[] = [];
  for (const line of text.split('\n').map((one) => one.trim()).filter((one) => one !== '')) {
    const [, from = wholeDay, to = wholeDay, amount = '', unit = ''] = form.exec(line) ?? [];
    const bytesPerSecond = Math.round(Number(amount) * (units[unit.toLowerCase()] ?? 0));
    if (amount === '' || bytesPerSecond < leastBytesPerSecond) {
      wrong.push(line);
    } else {
      limits.push({ from, to, bytesPerSecond: String(bytesPerSecond) });
    }
  }

  return { limits, wrong };
}
