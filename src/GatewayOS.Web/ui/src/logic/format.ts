import { texts } from '../texts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A size as people read it: three digits, binary units. */
export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }

  const digits = unit === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

/** A rate. */
export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

/** A count with thousands set apart. */
export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** A share of one, in percent. A whole that is not quite there is not shown as whole. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value < 100 ? Math.min(Math.round(value), 99) : 100} %`;
}

/** A short time in thousandths of a second. */
export function microseconds(value: number): string {
  return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
}

/** A length of time by its largest unit or two: 45 s, 12 min, 3 h 20 min, 2 d 4 h. */
export function duration(seconds: number): string {
  if (seconds < 10) {
    return `${seconds < 1 && seconds > 0 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }

  const whole = Math.round(seconds);
  if (whole < 90) {
    return `${whole} s`;
  }

  const minutes = Math.round(whole / 60);
  if (minutes < 90) {
    return `${minutes} min`;
  }

  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  }

  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 14 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** How long ago or ahead a moment is. */
export function relative(atMs: number, nowMs: number): string {
  const distance = nowMs - atMs;
  if (Math.abs(distance) < 5 * secondMs) {
    return texts.time.now;
  }

  const length = Math.abs(distance);
  const words = length < minuteMs ? `${Math.round(length / secondMs)} s` : length < hourMs ? `${Math.floor(length / minuteMs)} min` : length < 2 * dayMs ? `${Math.floor(length / hourMs)} h` : `${Math.floor(length / dayMs)} d`;
  return distance > 0 ? texts.time.ago(words) : texts.time.ahead(words);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A day as 2026-11-26, by this machine's clock. */
export function day(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A time of day as 22:33. */
export function clock(atMs: number): string {
  const date = new Date(atMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A moment as 2026-11-26 22:33. */
export function dateTime(atMs: number): string {
  return `${day(atMs)} ${clock(atMs)}`;
}

/** A moment with its seconds. */
export function dateTimeSeconds(atMs: number): string {
  return `${dateTime(atMs)}:${two(new Date(atMs).getSeconds())}`;
}

/** The beginning of a long ID, which is enough to name it. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
