import type { BrowseDocument, CompareDocument, OverviewDocument, PanelDocument, SessionDocument } from './types';

/** Names for what the pages handle of the contract's documents. What is unknown is absent from them. */

/** Who is signed in. */
export type Session = SessionDocument;

/** How the appliance is, on one page. */
export type Overview = OverviewDocument;
export type OverviewNode = Overview['nodes'][number];
export type OverviewDay = Overview['throughput']['days'][number];

/** Something in a directory of a restore point. */
export type BrowseEntry = BrowseDocument['entries'][number];

/** Something that differs between two restore points. */
export type ComparedEntry = CompareDocument['entries'][number];

/** An LED: it repeats its steps (lit, dark, lit, dark …, ms; none for one that does not blink), and was so far into them when the appliance told of it. */
export type PanelLed = PanelDocument['leds'][number];
export type PanelButton = PanelDocument['drawing']['buttons'][number];
