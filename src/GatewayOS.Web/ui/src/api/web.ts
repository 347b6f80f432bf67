import type { JobMessage } from './types';

/** Documents of the addresses that are no methods. What is unknown is absent. */

export interface Session {
  account: string;
  role: string;
  csrf: string;
  idleSeconds: number;
  hasSecondFactor?: boolean;
}

export interface Setup {
  needed: boolean;
  applianceName?: string;
  model?: string;
  fingerprint?: string;
}

export interface SetupOrder {
  setupToken: string;
  account: string;
  password: string;
}

export type SetupDone = Session & { recoveryKey?: string };

export type Level = 'ok' | 'warning' | 'critical' | 'unknown';

export interface OverviewNode {
  id: string;
  name: string;
  state: string;
  isConnected?: boolean;
  snapshots?: number;
  lastBackupUnixMs?: number;
  protection?: string;
  reason?: string;
  rpoSeconds?: number;
  rtoSeconds?: number;
  rehearsedUnixMs?: number;
}

export interface OverviewDay {
  day: string;
  bytes: number;
  newBytes: number;
  seconds: number;
}

export interface Overview {
  atUnixMs: number;
  storeAtUnixMs?: number;
  verdict: { level: Level; kind?: string; text: string; remedy?: string; page?: string };
  nodes?: OverviewNode[];
  capacity?: {
    storeBytes?: number;
    freeBytes?: number;
    diskBytes?: number;
    protectedBytes?: number;
    restorableBytes?: number;
    dedupeRatio?: number;
    compressionRatio?: number;
    daysToFull?: number;
  };
  throughput?: { nowBytesPerSecond?: number; days?: OverviewDay[] };
  arrays?: { name: string; level?: string; state: string; progress?: number }[];
  alerts?: { id: number; severity: string; text: string; remedy?: string; sinceUnixMs: number; acknowledgedBy?: string }[];
  jobs?: JobMessage[];
  subsystems?: { vault?: string; tunnel?: string; raid?: string };
}

export interface BrowseEntry {
  name64: string;
  name: string;
  kind: string;
  size?: number;
  modifiedUnixMs?: number;
  mode?: number;
  link?: string;
  isIncomplete?: boolean;
}

export interface Listing {
  entries?: BrowseEntry[];
  next?: string;
}

export interface ComparedEntry {
  name64: string;
  name: string;
  change: 'added' | 'removed' | 'changed';
  kind?: string;
  leftSize?: number;
  rightSize?: number;
}

export interface Comparison {
  entries?: ComparedEntry[];
  isTruncated?: boolean;
}

export interface PanelLed {
  name: string;
  label?: string;
  colour: string;
  pattern?: string;
  /** Lit, dark, lit, dark …; none for one that does not blink. */
  stepsMs?: number[];
  /** How far into its steps it was when the appliance told of it. */
  phaseMs?: number;
  isLit?: boolean;
}

export interface PanelBay {
  no: number;
  label: string;
  led?: string;
}

export interface PanelButton {
  name: string;
  holdsMs?: number[];
}

export interface PanelView {
  drawing: { model: string; title: string; bays?: PanelBay[]; columns?: number; rows?: number; buttons?: PanelButton[] };
  leds?: PanelLed[];
  lines?: string[];
  pressable?: string[];
  isVirtual?: boolean;
  presentUntilUnixMs?: number;
  serverMs: number;
}
