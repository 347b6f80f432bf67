/** What the pages need of a hardware profile. */
export interface Bay {
  no: number;
  label: string;
}

export interface ProfileFacts {
  bays: readonly Bay[];
  level: string;
  limits: { nodes?: number; capacityTB?: number; ingestTBh?: number };
}

/** Reads a profile's document; one that cannot be read has no bays. */
export function profileOf(document: string | undefined): ProfileFacts {
  try {
    const profile = JSON.parse(document ?? '') as { storage?: { bays?: Bay[]; level?: string }; limits?: ProfileFacts['limits'] };
    return { bays: profile.storage?.bays ?? [], level: profile.storage?.level ?? '', limits: profile.limits ?? {} };
  } catch {
    return { bays: [], level: '', limits: {} };
  }
}

const widestRow = 4;

/** How many bays stand side by side on the front: up to four, as 3.5-inch disks do in 19 inches. */
export function columnsOf(bays: number): number {
  return Math.max(Math.min(bays, widestRow), 1);
}
