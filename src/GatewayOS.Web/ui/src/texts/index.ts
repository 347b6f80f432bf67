import { appliance } from './appliance';
import { benchmark } from './benchmark';
import { certificate } from './certificate';
import { cloud } from './cloud';
import { jobs } from './jobs';
import { logs } from './logs';
import { nodes } from './nodes';
import { overview } from './overview';
import { panel } from './panel';
import { policies } from './policies';
import { restore } from './restore';
import { settings } from './settings';
import { shell } from './shell';
import { storage } from './storage';
import { support } from './support';
import { tunnel } from './tunnel';
import { updates } from './updates';

/** All that the pages say, in English. Another language is another such object. */
export const texts = { ...shell, ...appliance, benchmark, certificate, cloud, jobs, logs, nodes, overview, panel, policies, restore, settings, storage, support, tunnel, updates };
