// Made from the contract by tests/GatewayOS.Web.Tests; do not edit. A test fails when this is not what the contract gives.

export interface AddTenantRequest {
  name?: string;
}

export interface AssignPolicyRequest {
  name?: string;
  node?: string;
  remove?: boolean;
}

export interface ClaimInfo {
  id?: string;
  tenant?: string;
  name?: string;
  site?: string;
  createdBy?: string;
  expiresUnixMs?: string;
  usedBy?: string;
}

export interface CreateClaimReply {
  code?: string;
  claim?: ClaimInfo;
}

export interface CreateClaimRequest {
  tenant?: string;
  name?: string;
  site?: string;
  validSeconds?: string;
}

export interface CreateFleetTokenReply {
  token?: string;
  info?: FleetTokenInfo;
}

export interface CreateFleetTokenRequest {
  tenant?: string;
  role?: string;
  note?: string;
  validSeconds?: string;
}

export interface DrillMessage {
  files?: string;
  bytes?: string;
  seconds?: number;
  wholeFiles?: string;
  wholeBytes?: string;
  predictedSeconds?: number;
  hash?: string;
  vaults?: string[];
}

export interface FleetAlert {
  key?: string;
  document?: string;
}

export interface FleetAlertInfo {
  applianceId?: string;
  applianceName?: string;
  receivedUnixMs?: string;
  alert?: FleetAlert;
}

export interface FleetAppliance {
  id?: string;
  name?: string;
  site?: string;
  tenant?: string;
  state?: string;
  connected?: boolean;
  lastSeenUnixMs?: string;
  certificateExpiresUnixMs?: string;
  status?: FleetApplianceStatus;
  vaultPerMonth?: number;
}

export interface FleetApplianceRequest {
  appliance?: string;
}

export interface FleetApplianceStatus {
  measuredUnixMs?: string;
  name?: string;
  model?: string;
  version?: string;
  startedUnixMs?: string;
  diskBytes?: string;
  diskUsedBytes?: string;
  nodes?: FleetNodeStatus[];
  jobs?: JobMessage[];
  policies?: FleetPolicyStatus[];
  alertsStanding?: number;
  vaults?: VaultInfo[];
}

export interface FleetAuditRecord {
  unixMs?: string;
  tenant?: string;
  who?: string;
  method?: string;
  target?: string;
  outcome?: string;
  detail?: string;
}

export interface FleetCommandInfo {
  id?: string;
  applianceId?: string;
  applianceName?: string;
  kind?: string;
  state?: string;
  detail?: string;
  orderedBy?: string;
  orderedUnixMs?: string;
  expiresUnixMs?: string;
  changedUnixMs?: string;
  jobId?: string;
  reply?: FleetOrderReply;
}

export interface FleetCommandRequest {
  id?: string;
}

export interface FleetJob {
  applianceId?: string;
  applianceName?: string;
  job?: JobMessage;
}

export interface FleetNode {
  applianceId?: string;
  applianceName?: string;
  site?: string;
  tenant?: string;
  protection?: ProtectionMessage;
  connected?: boolean;
  remedy?: string;
  measuredUnixMs?: string;
  vaultPerMonth?: number;
}

export interface FleetNodeStatus {
  protection?: ProtectionMessage;
  connected?: boolean;
  remedy?: string;
}

export interface FleetOrder {
  job?: OrderJobRequest;
  restore?: OrderRestoreRequest;
  cancelJob?: JobRequestById;
  setPolicy?: SetPolicyRequest;
  assignPolicy?: AssignPolicyRequest;
  previewPolicy?: PreviewPolicyRequest;
}

export interface FleetOrderReply {
  job?: JobMessage;
  policy?: PolicyChangeReply;
  preview?: PreviewPolicyReply;
}

export interface FleetPolicyStatus {
  name?: string;
  version?: number;
  changedBy?: string;
}

export interface FleetTokenInfo {
  id?: string;
  tenant?: string;
  role?: string;
  note?: string;
  expiresUnixMs?: string;
  revoked?: boolean;
}

export interface FleetTokenRequest {
  id?: string;
}

export interface FollowingNode {
  nodeId?: string;
  nodeName?: string;
  nextRunUnixMs?: string;
}

export type GetSelfRequest = Record<string, never>;

export interface JobMessage {
  id?: string;
  kind?: string;
  nodeId?: string;
  nodeName?: string;
  policy?: string;
  state?: string;
  fault?: string;
  message?: string;
  queuedUnixMs?: string;
  notBeforeUnixMs?: string;
  startedUnixMs?: string;
  endedUnixMs?: string;
  attempt?: number;
  attemptsMax?: number;
  orderedBy?: string;
  isMadeUp?: boolean;
  snapshotId?: string;
  files?: string;
  bytes?: string;
  expectedBytes?: string;
  sentBytes?: string;
  drill?: DrillMessage;
}

export interface JobRequestById {
  id?: string;
}

export interface KeptSnapshot {
  id?: string;
  startedUnixMs?: string;
  keep?: boolean;
  reasons?: string[];
}

export interface ListClaimsReply {
  claims?: ClaimInfo[];
}

export type ListClaimsRequest = Record<string, never>;

export interface ListFleetAlertsReply {
  alerts?: FleetAlertInfo[];
}

export interface ListFleetAlertsRequest {
  appliance?: string;
}

export interface ListFleetAppliancesReply {
  appliances?: FleetAppliance[];
}

export type ListFleetAppliancesRequest = Record<string, never>;

export interface ListFleetAuditReply {
  records?: FleetAuditRecord[];
}

export type ListFleetAuditRequest = Record<string, never>;

export interface ListFleetCommandsReply {
  commands?: FleetCommandInfo[];
}

export interface ListFleetCommandsRequest {
  appliance?: string;
}

export interface ListFleetJobsReply {
  jobs?: FleetJob[];
}

export interface ListFleetJobsRequest {
  appliance?: string;
}

export interface ListFleetNodesReply {
  nodes?: FleetNode[];
}

export interface ListFleetNodesRequest {
  unprotectedOnly?: boolean;
}

export interface ListFleetTokensReply {
  tokens?: FleetTokenInfo[];
}

export type ListFleetTokensRequest = Record<string, never>;

export interface ListTenantsReply {
  tenants?: TenantInfo[];
}

export type ListTenantsRequest = Record<string, never>;

export interface OrderFleetCommandRequest {
  appliance?: string;
  order?: FleetOrder;
  validSeconds?: string;
}

export interface OrderJobRequest {
  kind?: string;
  node?: string;
  policy?: string;
  paths?: string[];
}

export interface OrderRestoreRequest {
  snapshot?: string;
  node?: string;
  paths?: string[];
  target?: string;
  verify?: boolean;
}

export interface PolicyChangeReply {
  policy?: PolicyMessage;
  problems?: PolicyProblem[];
}

export interface PolicyMessage {
  name?: string;
  version?: number;
  changedUnixMs?: string;
  changedBy?: string;
  document?: string;
  holds?: boolean;
  problems?: string[];
  nodes?: FollowingNode[];
  history?: PolicyVersionInfo[];
}

export interface PolicyProblem {
  field?: string;
  problem?: string;
  remedy?: string;
}

export interface PolicyVersionInfo {
  version?: number;
  changedUnixMs?: string;
  changedBy?: string;
  document?: string;
}

export interface PreviewPolicyReply {
  problems?: PolicyProblem[];
  nextRunsUnixMs?: string[];
  snapshots?: KeptSnapshot[];
}

export interface PreviewPolicyRequest {
  document?: string;
  node?: string;
  runs?: number;
}

export interface ProtectionMessage {
  nodeId?: string;
  nodeName?: string;
  verdict?: string;
  reason?: string;
  policies?: string[];
  lastSnapshotId?: string;
  lastSnapshotUnixMs?: string;
  rpoSeconds?: number;
  drillJobId?: string;
  drilledUnixMs?: string;
  rtoSeconds?: number;
  storedBytes?: string;
}

export interface SetPolicyRequest {
  document?: string;
  expectedVersion?: number;
}

export interface TenantInfo {
  id?: string;
  name?: string;
}

export interface VaultBandwidthLimit {
  from?: string;
  to?: string;
  bytesPerSecond?: string;
}

export interface VaultClassUse {
  name?: string;
  objects?: string;
  bytes?: string;
  isPriced?: boolean;
  perMonth?: number;
  toRead?: number;
}

export interface VaultInfo {
  name?: string;
  place?: string;
  isBucket?: boolean;
  packClass?: string;
  lockDays?: number;
  bandwidth?: VaultBandwidthLimit[];
  completeUntilUnixMs?: string;
  sentBytes?: string;
  objectsLeft?: string;
  isSyncing?: boolean;
  problem?: string;
  byTasks?: boolean;
  tasks?: VaultTaskInfo[];
  classes?: VaultClassUse[];
  hasOwnPrices?: boolean;
}

export interface VaultTaskInfo {
  name?: string;
  takes?: string;
  paused?: boolean;
  sinceUnixMs?: string;
  isMeasured?: boolean;
  history?: number;
  historyThere?: number;
  tail?: number;
  tailThere?: number;
  oldestLackingUnixMs?: string;
}

export interface ErrorDocument {
  code: string;
  message: string;
  retryAfterSeconds?: number;
}

/** The services' methods, for POST /api/v1/<name>. */
export interface Methods {
  'gatewayos.v1.Fleet/AddTenant': { request: AddTenantRequest; reply: TenantInfo; streams: false };
  'gatewayos.v1.Fleet/CancelCommand': { request: FleetCommandRequest; reply: FleetCommandInfo; streams: false };
  'gatewayos.v1.Fleet/CreateClaim': { request: CreateClaimRequest; reply: CreateClaimReply; streams: false };
  'gatewayos.v1.Fleet/CreateToken': { request: CreateFleetTokenRequest; reply: CreateFleetTokenReply; streams: false };
  'gatewayos.v1.Fleet/GetCommand': { request: FleetCommandRequest; reply: FleetCommandInfo; streams: false };
  'gatewayos.v1.Fleet/GetSelf': { request: GetSelfRequest; reply: FleetTokenInfo; streams: false };
  'gatewayos.v1.Fleet/ListAlerts': { request: ListFleetAlertsRequest; reply: ListFleetAlertsReply; streams: false };
  'gatewayos.v1.Fleet/ListAppliances': { request: ListFleetAppliancesRequest; reply: ListFleetAppliancesReply; streams: false };
  'gatewayos.v1.Fleet/ListAudit': { request: ListFleetAuditRequest; reply: ListFleetAuditReply; streams: false };
  'gatewayos.v1.Fleet/ListClaims': { request: ListClaimsRequest; reply: ListClaimsReply; streams: false };
  'gatewayos.v1.Fleet/ListCommands': { request: ListFleetCommandsRequest; reply: ListFleetCommandsReply; streams: false };
  'gatewayos.v1.Fleet/ListJobs': { request: ListFleetJobsRequest; reply: ListFleetJobsReply; streams: false };
  'gatewayos.v1.Fleet/ListNodes': { request: ListFleetNodesRequest; reply: ListFleetNodesReply; streams: false };
  'gatewayos.v1.Fleet/ListTenants': { request: ListTenantsRequest; reply: ListTenantsReply; streams: false };
  'gatewayos.v1.Fleet/ListTokens': { request: ListFleetTokensRequest; reply: ListFleetTokensReply; streams: false };
  'gatewayos.v1.Fleet/OrderCommand': { request: OrderFleetCommandRequest; reply: FleetCommandInfo; streams: false };
  'gatewayos.v1.Fleet/RevokeAppliance': { request: FleetApplianceRequest; reply: FleetAppliance; streams: false };
  'gatewayos.v1.Fleet/RevokeToken': { request: FleetTokenRequest; reply: FleetTokenInfo; streams: false };
}
