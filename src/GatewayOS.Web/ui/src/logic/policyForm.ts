/** A policy's document as fields. What the fields do not show stays in the document as it is. */
export interface PolicyForm {
  name: string;
  enabled: boolean;
  sources: string;
  excludes: string;
  schedule: 'every' | 'cron';
  every: string;
  cron: string;
  window: string;
  zone: string;
  last: string;
  hourly: string;
  daily: string;
  weekly: string;
  monthly: string;
  yearly: string;
  within: string;
  lock: string;
  priority: string;
  drillEvery: string;
  verifyEvery: string;
}

type Document = Record<string, unknown>;

const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** A policy to begin with: daily, kept for some months, rehearsed weekly. */
export const firstPolicy: Document = {
  name: 'servers',
  sources: ['/etc', '/home'],
  schedule: { every: '4h' },
  retention: { last: 6, daily: 14, weekly: 8, monthly: 12 },
  drill: { every: '7d' },
};

function object(value: unknown): Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function lines(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join('\n') : '';
}

/** Reads a document; null for one that only its author can read, as with comments. */
export function parseDocument(document: string): Document | null {
  try {
    const parsed: unknown = JSON.parse(document);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Document) : null;
  } catch {
    return null;
  }
}

/** A document's fields. */
export function toForm(document: Document): PolicyForm {
  const schedule = object(document['schedule']);
  const retention = object(document['retention']);
  return {
    name: text(document['name']),
    enabled: document['enabled'] !== false,
    sources: lines(document['sources']),
    excludes: lines(document['excludes']),
    schedule: schedule['cron'] === undefined ? 'every' : 'cron',
    every: text(schedule['every']),
    cron: text(schedule['cron']),
    window: text(schedule['window']),
    zone: text(schedule['zone']),
    last: text(retention['last']),
    hourly: text(retention['hourly']),
    daily: text(retention['daily']),
    weekly: text(retention['weekly']),
    monthly: text(retention['monthly']),
    yearly: text(retention['yearly']),
    within: text(retention['within']),
    lock: text(retention['lock']),
    priority: text(document['priority']) || 'normal',
    drillEvery: text(object(document['drill'])['every']),
    verifyEvery: text(document['verifyEvery']),
  };
}

/** Sets a field of a document, or takes it out when it is empty. */
function put(document: Document, field: string, value: unknown): void {
  const isEmpty = value === '' || value === undefined || (Array.isArray(value) && value.length === 0) || (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0);
  if (isEmpty) {
    delete document[field];
  } else {
    document[field] = value;
  }
}

function split(value: string): string[] {
  return value.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

// What is no number stays as it was typed, so that the appliance can say what is wrong with it.
function number(value: string): number | string {
  return /^\d+$/.test(value.trim()) ? Number(value) : value.trim();
}

/** The document with the fields' values. What is not a field of the form stays. */
export function toDocument(form: PolicyForm, base: Document): Document {
  const document: Document = { ...base };
  put(document, 'name', form.name.trim());
  put(document, 'enabled', form.enabled ? undefined : false);
  put(document, 'sources', split(form.sources));
  put(document, 'excludes', split(form.excludes));

  const schedule = { ...object(base['schedule']) };
  put(schedule, 'every', form.schedule === 'every' ? form.every.trim() : '');
  put(schedule, 'cron', form.schedule === 'cron' ? form.cron.trim() : '');
  put(schedule, 'window', form.window.trim());
  put(schedule, 'zone', form.zone.trim());
  put(document, 'schedule', schedule);

  const retention = { ...object(base['retention']) };
  for (const field of counts) {
    put(retention, field, number(form[field]));
  }

  put(retention, 'within', form.within.trim());
  put(retention, 'lock', form.lock.trim());
  put(document, 'retention', retention);
  put(document, 'priority', form.priority === 'normal' ? '' : form.priority);

  const drill = { ...object(base['drill']) };
  put(drill, 'every', form.drillEvery.trim());
  put(document, 'drill', form.drillEvery.trim() === '' ? undefined : drill);
  put(document, 'verifyEvery', form.verifyEvery.trim());
  return document;
}

/** The form's field that a problem is about; null for one that the form does not show. */
export function fieldOf(problemField: string): keyof PolicyForm | null {
  const names: Record<string, keyof PolicyForm> = {
    name: 'name', sources: 'sources', excludes: 'excludes', priority: 'priority', verifyEvery: 'verifyEvery', schedule: 'every',
    'schedule.every': 'every', 'schedule.cron': 'cron', 'schedule.window': 'window', 'schedule.zone': 'zone', 'retention.within': 'within', 'retention.lock': 'lock',
    'retention.last': 'last', 'retention.hourly': 'hourly', 'retention.daily': 'daily', 'retention.weekly': 'weekly', 'retention.monthly': 'monthly', 'retention.yearly': 'yearly', 'drill.every': 'drillEvery',
  };
  return names[problemField] ?? null;
}
