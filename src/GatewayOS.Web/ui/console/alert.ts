/** An alert as its appliance wrote it (src/GatewayOS.Appliance/Alerts/AlertDocument.cs). */
export interface AlertDocument {
  what: string;
  severity: string;
  subject: string;
  summary: string;
  remedy: string;
  time: string;
}

/** Reads an alert's document: base64 of UTF-8 JSON. One that cannot be read says so. */
export function alertOf(document: string): AlertDocument {
  try {
    const bytes = Uint8Array.from(atob(document), (one) => one.charCodeAt(0));
    const read = JSON.parse(new TextDecoder().decode(bytes)) as Partial<AlertDocument>;
    return { what: read.what ?? '', severity: read.severity ?? '', subject: read.subject ?? '', summary: read.summary ?? '', remedy: read.remedy ?? '', time: read.time ?? '' };
  } catch {
    return { what: '', severity: 'unknown', subject: '', summary: 'This alert cannot be read.', remedy: 'Look at the appliance.', time: '' };
  }
}
