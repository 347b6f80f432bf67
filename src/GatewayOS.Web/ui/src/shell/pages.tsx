import type { ComponentType } from 'preact';
import type { IconName } from '../design/Icon';
import type { Right } from '../logic/roles';
import { AccountPage } from '../pages/account/AccountPage';
import { AlertsPage } from '../pages/alerts/AlertsPage';
import { AuditPage } from '../pages/audit/AuditPage';
import { CloudPage } from '../pages/cloud/CloudPage';
import { LogsPage } from '../pages/logs/LogsPage';
import { NodePage } from '../pages/nodes/NodePage';
import { NodesPage } from '../pages/nodes/NodesPage';
import { OverviewPage } from '../pages/overview/OverviewPage';
import { PanelPage } from '../pages/panel/PanelPage';
import { PoliciesPage } from '../pages/policies/PoliciesPage';
import { PolicyPage } from '../pages/policies/PolicyPage';
import { RestorePage } from '../pages/restore/RestorePage';
import { StoragePage } from '../pages/storage/StoragePage';
import { SystemPage } from '../pages/system/SystemPage';
import { TokensPage } from '../pages/tokens/TokensPage';
import { UsersPage } from '../pages/users/UsersPage';
import { texts } from '../texts';
import type { Route } from './route';

/** A page: its place in the navigation, who sees it, and what shows it. */
export interface Page {
  name: string;
  title: string;
  icon: IconName;
  group: 'protect' | 'appliance' | 'access' | 'none';
  right?: Right;
  show: ComponentType<{ route: Route }>;
  /** Shows one of what the page lists; absent for a page that has no such. */
  showOne?: ComponentType<{ route: Route; name: string }>;
}

/** All pages. */
export const pages: readonly Page[] = [
  { name: 'overview', title: texts.nav.overview, icon: 'overview', group: 'protect', show: OverviewPage },
  { name: 'nodes', title: texts.nav.nodes, icon: 'nodes', group: 'protect', show: NodesPage, showOne: NodePage },
  { name: 'restore', title: texts.nav.restore, icon: 'restore', group: 'protect', right: 'restore', show: RestorePage, showOne: RestorePage },
  { name: 'policies', title: texts.nav.policies, icon: 'policies', group: 'protect', show: PoliciesPage, showOne: PolicyPage },
  { name: 'storage', title: texts.nav.storage, icon: 'storage', group: 'appliance', show: StoragePage },
  { name: 'cloud', title: texts.nav.cloud, icon: 'cloud', group: 'appliance', show: CloudPage },
  { name: 'panel', title: texts.nav.panel, icon: 'panel', group: 'appliance', show: PanelPage },
  { name: 'alerts', title: texts.nav.alerts, icon: 'alerts', group: 'appliance', show: AlertsPage },
  { name: 'system', title: texts.nav.system, icon: 'system', group: 'appliance', show: SystemPage },
  { name: 'logs', title: texts.nav.logs, icon: 'file', group: 'appliance', right: 'control', show: LogsPage },
  { name: 'users', title: texts.nav.users, icon: 'users', group: 'access', right: 'control', show: UsersPage },
  { name: 'tokens', title: texts.nav.tokens, icon: 'tokens', group: 'access', right: 'control', show: TokensPage },
  { name: 'audit', title: texts.nav.audit, icon: 'audit', group: 'access', right: 'control', show: AuditPage },
  { name: 'account', title: texts.nav.account, icon: 'users', group: 'none', show: AccountPage },
];
