/** Time zones that can be chosen, as far as the browser knows them; the appliance judges what was typed. */
export function zoneNames(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** The zone of whoever sits here: likely that of the appliance, too. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What clocks show in a zone; in UTC where the browser does not know it. */
export function clockIn(zone: string, atMs: number): string {
  const form = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  try {
    return new Date(atMs).toLocaleString('en-GB', { ...form, timeZone: zone });
  } catch {
    return `${new Date(atMs).toLocaleString('en-GB', { ...form, timeZone: 'UTC' })} UTC`;
  }
}
