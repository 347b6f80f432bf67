/** What is said of the appliance's name and clock. */
export const settings = {
  name: 'Name of the appliance',
  nameHint: 'In alerts, on the front panel, in the title of these pages, and in the certificate that it makes for them.',
  zone: 'Time zone',
  zoneHint: 'Whose clocks count for policies that name no zone, for housekeeping, and for limits by the hour.',
  clock: 'Clock',
  clocks: { UNKNOWN: 'not known whether it is kept right', FREE: 'nothing keeps it right: install chrony, or switch systemd-timesyncd on' } as Record<string, string>,
  kept: (time: string) => `kept right, off by ${time} at most`,
  change: 'Change name and time zone',
  changed: 'The settings are changed.',
  certificate: 'The certificate that the appliance makes for itself gets the new name at its next start; browsers ask again then.',
  sources: {
    clock: 'From the kernel, which chrony, ntpd or systemd-timesyncd tells when it keeps the clock right.',
  },
};
