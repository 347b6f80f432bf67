// Made from the contract by tests/GatewayOS.Web.Tests; do not edit. A test fails when this is not what the contract gives.

export interface AddUserRequest {
  user?: string;
  role?: string;
  password?: string;
}

export interface AddVaultRequest {
  name?: string;
  directory?: string;
  bucket?: BucketPlace;
}

export interface AlertDeliveryInfo {
  receiver?: string;
  deliveredUnixMs?: string;
  attempts?: number;
  problem?: string;
}

export interface AlertInfo {
  id?: string;
  kind?: string;
  severity?: string;
  subject?: string;
  summary?: string;
  remedy?: string;
  firstUnixMs?: string;
  lastUnixMs?: string;
  count?: string;
  acknowledgedBy?: string;
  acknowledgedUnixMs?: string;
  clearedUnixMs?: string;
}

export interface AlertRequest {
  id?: string;
}

export interface ApiTokenInfo {
  id?: string;
  role?: string;
  maker?: string;
  note?: string;
  createdUnixMs?: string;
  expiresUnixMs?: string;
}

export interface ApplianceSettingsMessage {
  name?: string;
  zone?: string;
  clock?: ApplianceSettingsMessageClock;
  clockErrorMaxUs?: string;
  nowUnixMs?: string;
}

export type ApplianceSettingsMessageClock = 'UNKNOWN' | 'KEPT' | 'FREE';

export interface ApplianceStatus {
  name?: string;
  model?: string;
  version?: string;
  startedUnixMs?: string;
  nodesActive?: number;
  nodesMax?: number;
  nodesConnected?: number;
  nodesPending?: number;
  runs?: number;
  storeId?: string;
  storePath?: string;
  snapshots?: string;
  storeBytes?: string;
  diskFreeBytes?: string;
  diskTotalBytes?: string;
  warnings?: string[];
  caExpiresUnixMs?: string;
  storeKey?: string;
}

export interface ArrayInfo {
  id?: string;
  name?: string;
  level?: string;
  sizeBytes?: string;
  slots?: number;
  state?: string;
  survives?: number;
  progress?: number;
  bytesPerSecond?: string;
  leftSeconds?: number;
  note?: string;
  disagreements?: string[];
  members?: MemberInfo[];
  missing?: MissingInfo[];
  mismatchSectors?: string;
  checkBegunUnixMs?: string;
  checkEndedUnixMs?: string;
  nextCheckUnixMs?: string;
  checkWaits?: string;
  rateMinMbs?: number;
  rateMaxMbs?: number;
  rateReason?: string;
  promisedUnixMs?: string;
}

export interface AssignPolicyRequest {
  name?: string;
  node?: string;
  remove?: boolean;
}

export interface AuditEntry {
  sequence?: string;
  timeUnixMs?: string;
  who?: string;
  method?: string;
  target?: string;
  outcome?: string;
  detail?: string;
  asked?: string;
}

export interface AuditFinding {
  segment?: string;
  sequence?: string;
  detail?: string;
}

export interface BackUpNodeRequest {
  node?: string;
  paths?: string[];
}

export interface BayLightInfo {
  bay?: number;
  light?: string;
}

export interface BeginUploadRequest {
  name?: string;
  bytes?: string;
}

export interface BenchmarkReply {
  measuredUnixMs?: string;
  cores?: number;
  storedShare?: number;
  stages?: StageRateMessage[];
  writeBytesPerSecond?: number;
  sequential?: ReadRateMessage[];
  random?: ReadRateMessage[];
}

export interface BucketPlace {
  endpoint?: string;
  bucket?: string;
  prefix?: string;
  region?: string;
  hostStyle?: boolean;
  accessKey?: string;
  secretKey?: string;
  serverEncryption?: string;
  kmsKey?: string;
  packClass?: string;
  lockDays?: number;
  bandwidth?: VaultBandwidthLimit[];
  caPem?: string;
}

export interface BundleReply {
  compatible?: string;
  version?: string;
  refusal?: string;
}

export interface BundleRequest {
  upload?: string;
  stick?: string;
  allowDowngrade?: boolean;
}

export interface CacheInfo {
  kind?: string;
  state?: string;
  isProtected?: boolean;
}

export interface ChangeOwnPasswordRequest {
  oldPassword?: string;
  newPassword?: string;
}

export interface CheckArrayRequest {
  array?: string;
  stop?: boolean;
}

export interface CreateApiTokenReply {
  token?: string;
  info?: ApiTokenInfo;
}

export interface CreateApiTokenRequest {
  role?: string;
  lifetimeSeconds?: string;
  note?: string;
}

export interface CreateTokenReply {
  token?: string;
  expiresUnixMs?: string;
}

export interface CreateTokenRequest {
  lifetimeSeconds?: string;
  note?: string;
  forOperator?: boolean;
}

export interface DiskHistoryReply {
  samples?: SmartSampleMessage[];
}

export interface DiskHistoryRequest {
  serial?: string;
}

export interface DiskInfo {
  device?: string;
  serial?: string;
  model?: string;
  sizeBytes?: string;
  bay?: number;
  array?: string;
  content?: string;
  state?: string;
  evidence?: string[];
  celsius?: number;
  badSectors?: string;
  pendingSectors?: string;
  selfTest?: string;
  poweredHours?: string;
  smartUnixMs?: string;
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

export interface EraseReply {
  what?: string;
}

export interface EraseRequest {
  confirm?: string;
}

export interface FetchUpdateRequest {
  url?: string;
  sha256?: string;
  allowDowngrade?: boolean;
  restart?: boolean;
}

export interface FindReply {
  versions?: FoundVersion[];
  truncated?: boolean;
  pendingSnapshots?: number;
}

export interface FindRequest {
  pattern?: string;
  node?: string;
  limit?: number;
}

export interface FollowingNode {
  nodeId?: string;
  nodeName?: string;
  nextRunUnixMs?: string;
}

export interface FoundVersion {
  nodeId?: string;
  nodeName?: string;
  path?: string;
  type?: string;
  sizeBytes?: string;
  modifiedNs?: string;
  firstSnapshot?: string;
  firstUnixMs?: string;
  lastSnapshot?: string;
  lastUnixMs?: string;
  snapshots?: string;
  current?: boolean;
}

export type GetBenchmarkRequest = Record<string, never>;

export type GetProfileRequest = Record<string, never>;

export type GetRaidStatusRequest = Record<string, never>;

export interface GetSensorsReply {
  sensors?: SensorMessage[];
  resting?: string[];
}

export type GetSensorsRequest = Record<string, never>;

export type GetSettingsRequest = Record<string, never>;

export type GetStatusRequest = Record<string, never>;

export interface GetTunnelKeyRequest {
  anew?: boolean;
}

export type GetTunnelStatusRequest = Record<string, never>;

export type GetUpdateStatusRequest = Record<string, never>;

export interface HardwareProfileMessage {
  model?: string;
  title?: string;
  document?: string;
  dmiVendor?: string;
  dmiProduct?: string;
  dmiSku?: string;
  fits?: boolean;
  virtualPanel?: boolean;
  known?: string[];
}

export interface HoldInfo {
  nodeId?: string;
  throughUnixMs?: string;
  reason?: string;
  sinceUnixMs?: string;
}

export interface InstallProgressInfo {
  percent?: number;
  step?: string;
}

export interface InstallUpdateRequest {
  upload?: string;
  stick?: string;
  allowDowngrade?: boolean;
  restart?: boolean;
}

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

export interface JobReport {
  jobId?: string;
  state?: JobReportState;
  message?: string;
  files?: string;
  bytes?: string;
  expectedBytes?: string;
  sentBytes?: string;
  snapshotId?: string;
  fault?: JobReportFault;
}

export type JobReportFault = 'NONE' | 'NETWORK' | 'SOURCE' | 'STORE' | 'DAMAGE';

export type JobReportState = 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED';

export interface JobRequestById {
  id?: string;
}

export interface KeptSnapshot {
  id?: string;
  startedUnixMs?: string;
  keep?: boolean;
  reasons?: string[];
}

export interface LedMessage {
  name?: string;
  label?: string;
  colour?: string;
  pattern?: string;
  stepsMs?: number[];
  phaseMs?: string;
  isLit?: boolean;
}

export interface ListAlertsReply {
  alerts?: AlertInfo[];
}

export interface ListAlertsRequest {
  withCleared?: boolean;
}

export interface ListApiTokensReply {
  tokens?: ApiTokenInfo[];
}

export type ListApiTokensRequest = Record<string, never>;

export interface ListAuditReply {
  entries?: AuditEntry[];
}

export interface ListAuditRequest {
  after?: string;
  count?: number;
}

export interface ListFailuresReply {
  failures?: PowerFailureMessage[];
  isFailing?: boolean;
  hasLine?: boolean;
  isRealTime?: boolean;
}

export type ListFailuresRequest = Record<string, never>;

export interface ListHoldsReply {
  holds?: HoldInfo[];
}

export type ListHoldsRequest = Record<string, never>;

export interface ListJobsReply {
  jobs?: JobMessage[];
}

export interface ListJobsRequest {
  node?: string;
  openOnly?: boolean;
  most?: number;
}

export interface ListNodeSnapshotsReply {
  snapshots?: SnapshotSummary[];
}

export interface ListNodesReply {
  nodes?: NodeInfo[];
  nodesMax?: number;
}

export type ListNodesRequest = Record<string, never>;

export interface ListPoliciesReply {
  policies?: PolicyMessage[];
}

export type ListPoliciesRequest = Record<string, never>;

export interface ListProtectionReply {
  nodes?: ProtectionMessage[];
}

export type ListProtectionRequest = Record<string, never>;

export interface ListSnapshotInfosReply {
  snapshots?: SnapshotInfo[];
  damaged?: string;
}

export interface ListSnapshotInfosRequest {
  node?: string;
  policy?: string;
  most?: number;
}

export interface ListUsersReply {
  users?: UserInfo[];
}

export type ListUsersRequest = Record<string, never>;

export interface ListVaultsReply {
  vaults?: VaultInfo[];
}

export type ListVaultsRequest = Record<string, never>;

export interface ListVersionsRequest {
  node?: string;
  path?: string;
  limit?: number;
}

export interface LockSnapshotRequest {
  id?: string;
  durationSeconds?: string;
}

export interface MakeRecoveryKeyReply {
  storeId?: string;
  slotId?: string;
  key?: string;
}

export interface MakeRecoveryKeyRequest {
  label?: string;
}

export interface MakeSupportRequest {
  passphrase?: string;
}

export interface MemberInfo {
  device?: string;
  serial?: string;
  slot?: number;
  state?: string;
  readErrors?: string;
}

export interface MissingInfo {
  slot?: number;
  serial?: string;
  model?: string;
  bay?: number;
}

export interface NodeInfo {
  id?: string;
  name?: string;
  state?: NodeInfoState;
  code?: string;
  platform?: string;
  agentVersion?: string;
  enrolledUnixMs?: string;
  lastSeenUnixMs?: string;
  certificateExpiresUnixMs?: string;
  connected?: boolean;
  snapshots?: string;
  lastBackupUnixMs?: string;
  job?: JobReport;
}

export type NodeInfoState = 'PENDING' | 'ACTIVE' | 'REVOKED';

export interface NodeRequest {
  node?: string;
}

export type OrderBenchmarkRequest = Record<string, never>;

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

export interface OverwriteNewDiskRequest {
  serial?: string;
}

export interface PanelMessage {
  leds?: LedMessage[];
  lines?: string[];
  buttons?: string[];
  isVirtual?: boolean;
  lateMedianUs?: string;
  lateMaxUs?: string;
  presentUntilUnixMs?: string;
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

export interface PolicyRequest {
  name?: string;
}

export interface PolicyVersionInfo {
  version?: number;
  changedUnixMs?: string;
  changedBy?: string;
  document?: string;
}

export interface PowerFailureMessage {
  number?: string;
  timeUnixMs?: string;
  stoppedUs?: string;
  flushedUs?: string;
  flushed?: string[];
  skipped?: string[];
  holdUpMs?: number;
  leftMs?: number;
  ranOnMs?: string;
  outcome?: string;
}

export interface PressRequest {
  button?: string;
  holdMs?: string;
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

export interface PreviewSupportReply {
  files?: SupportFile[];
}

export type PreviewSupportRequest = Record<string, never>;

export interface ProbeTunnelReply {
  target?: string;
  roundTripUs?: string[];
  lost?: number;
}

export interface ProbeTunnelRequest {
  target?: string;
  count?: number;
}

export interface ProfileErrorMessage {
  path?: string;
  problem?: string;
  remedy?: string;
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

export interface PutPieceRequest {
  upload?: string;
  offset?: string;
  content?: string;
}

export interface RaidStatusReply {
  readUnixMs?: string;
  source?: string;
  problem?: string;
  arrays?: ArrayInfo[];
  disks?: DiskInfo[];
  replacement?: ReplacementInfo;
  cache?: CacheInfo;
  lights?: BayLightInfo[];
  panelText?: string;
}

export interface ReadRateMessage {
  readBytes?: number;
  streams?: number;
  bytesPerSecond?: number;
}

export type ReleaseHoldReply = Record<string, never>;

export interface ReleaseHoldRequest {
  node?: string;
}

export interface ReplaceDiskRequest {
  bay?: number;
  disk?: string;
  confirmed?: boolean;
  acceptRisk?: boolean;
}

export interface ReplacementEventInfo {
  step?: string;
  timeUnixMs?: string;
  note?: string;
}

export interface ReplacementInfo {
  id?: number;
  array?: string;
  slot?: number;
  step?: string;
  instruction?: string;
  problem?: string;
  verdict?: string;
  proof?: string[];
  oldSerial?: string;
  oldModel?: string;
  oldDevice?: string;
  bay?: number;
  newSerial?: string;
  wrongSerial?: string;
  orderedBy?: string;
  history?: ReplacementEventInfo[];
  progress?: number;
}

export type ReplacementRequest = Record<string, never>;

export interface RevokeApiTokenRequest {
  id?: string;
}

export interface SensorMessage {
  kind?: string;
  name?: string;
  value?: number;
  unit?: string;
  verdict?: SensorMessageVerdict;
  detail?: string;
  readUnixMs?: string;
}

export type SensorMessageVerdict = 'UNKNOWN' | 'GOOD' | 'BAD';

export interface SetPasswordRequest {
  user?: string;
  password?: string;
}

export interface SetPolicyRequest {
  document?: string;
  expectedVersion?: number;
}

export interface SetRoleRequest {
  user?: string;
  role?: string;
}

export interface SetSettingsRequest {
  name?: string;
  zone?: string;
}

export interface SetTunnelReply {
  problems?: string[];
  notes?: string[];
  status?: TunnelStatusMessage;
}

export interface SetTunnelRequest {
  config?: string;
}

export interface SetVaultBandwidthRequest {
  name?: string;
  limits?: VaultBandwidthLimit[];
}

export interface ShowAlertReply {
  alert?: AlertInfo;
  deliveries?: AlertDeliveryInfo[];
}

export type ShowPanelRequest = Record<string, never>;

export interface ShutDownReply {
  what?: string;
}

export interface ShutDownRequest {
  how?: ShutDownRequestHow;
}

export type ShutDownRequestHow = 'UNSPECIFIED' | 'POWER_OFF' | 'RESTART';

export interface SlotInfo {
  name?: string;
  bootName?: string;
  isBooted?: boolean;
  isGood?: boolean;
  version?: string;
  isWhole?: boolean;
  installedUnixMs?: string;
}

export interface SmartSampleMessage {
  timeUnixMs?: string;
  celsius?: number;
  badSectors?: string;
  poweredHours?: string;
  selfTest?: string;
}

export interface SnapshotInfo {
  id?: string;
  nodeId?: string;
  nodeName?: string;
  startedUnixMs?: string;
  finishedUnixMs?: string;
  sources?: string[];
  files?: string;
  bytes?: string;
  newBytes?: string;
  storedBytes?: string;
  problems?: string;
  tags?: string[];
  policy?: string;
  lockedUntilUnixMs?: string;
  held?: string;
}

export interface SnapshotRequest {
  id?: string;
}

export interface SnapshotSummary {
  id?: string;
  startedUnixMs?: string;
  finishedUnixMs?: string;
  sources?: string[];
  files?: string;
  bytes?: string;
  problems?: string;
  tags?: string[];
}

export interface StageRateMessage {
  name?: string;
  bytesPerSecond?: number;
  ofStored?: boolean;
}

export interface StickBundle {
  name?: string;
  bytes?: string;
}

export interface SupportBytes {
  content?: string;
}

export interface SupportFile {
  name?: string;
  what?: string;
  bytes?: string;
  isCut?: boolean;
}

export interface SwitchTunnelRequest {
  to?: SwitchTunnelRequestTo;
}

export type SwitchTunnelRequestTo = 'UNSPECIFIED' | 'ON' | 'OFF';

export type TestAlertRequest = Record<string, never>;

export interface TestLampsRequest {
  durationMs?: string;
}

export interface TunnelKeyReply {
  publicKey?: string;
}

export interface TunnelStatusMessage {
  state?: TunnelStatusMessageState;
  reason?: string;
  sinceUnixMs?: string;
  device?: string;
  engine?: string;
  publicKey?: string;
  addresses?: string[];
  dns?: string[];
  ways?: TunnelWayMessage[];
  handshakeUnixMs?: string;
  receivedBytes?: string;
  sentBytes?: string;
  mtuBytes?: number;
  mtuFound?: boolean;
  probe?: string;
  probeUs?: string;
  lossPercent?: number;
  config?: string;
}

export type TunnelStatusMessageState = 'UNSPECIFIED' | 'OFF' | 'CONNECTING' | 'UP' | 'DEGRADED' | 'DOWN';

export interface TunnelWayMessage {
  endpoint?: string;
  address?: string;
  inUse?: boolean;
  problem?: string;
}

export interface UpdateAttemptInfo {
  number?: number;
  version?: string;
  versionBefore?: string;
  slot?: string;
  origin?: string;
  by?: string;
  begunUnixMs?: string;
  state?: string;
  sinceUnixMs?: string;
  reason?: string;
}

export interface UpdateStatusReply {
  problem?: string;
  compatible?: string;
  running?: string;
  primary?: string;
  slots?: SlotInfo[];
  attempts?: UpdateAttemptInfo[];
  progress?: InstallProgressInfo;
  note?: string;
  sticks?: StickBundle[];
}

export interface UploadReply {
  upload?: string;
  received?: string;
}

export interface UserInfo {
  name?: string;
  role?: string;
  createdUnixMs?: string;
  passwordSetUnixMs?: string;
  lastLoginUnixMs?: string;
  lockedUntilUnixMs?: string;
  failures?: number;
  hasSecondFactor?: boolean;
}

export interface UserRequest {
  user?: string;
}

export interface ValidateProfileReply {
  model?: string;
  errors?: ProfileErrorMessage[];
}

export interface ValidateProfileRequest {
  document?: string;
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

export interface VaultRequest {
  name?: string;
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

export interface VerifyAuditReply {
  count?: string;
  last?: string;
  findings?: AuditFinding[];
}

export type VerifyAuditRequest = Record<string, never>;

export interface BrowseDocument {
  entries: {
    name64: string;
    name: string;
    kind: string;
    size?: number;
    modifiedUnixMs: number;
    mode: number;
    link?: string;
    isIncomplete: boolean;
  }[];
  next?: string;
}

export interface CertificateDocument {
  fingerprint: string;
  subject: string;
  issuer: string;
  names: string[];
  beginsUnixMs: number;
  endsUnixMs: number;
  isReplaced: boolean;
}

export interface ChangeDocument {
  topics: string[];
}

export interface ClaimDocument {
  claimCode: string;
}

export interface ClaimedDocument {
  setupToken: string;
}

export interface CompareDocument {
  entries: {
    name64: string;
    name: string;
    change: string;
    kind: string;
    leftSize?: number;
    rightSize?: number;
  }[];
  isTruncated: boolean;
}

export interface ErrorDocument {
  code: string;
  message: string;
  retryAfterSeconds?: number;
}

export interface LogDocument {
  lines: {
    number: number;
    atUnixMs: number;
    level: string;
    source: string;
    text: string;
  }[];
  kept: number;
}

export interface LoginDocument {
  account: string;
  password: string;
  code?: string;
}

export interface NewCertificateDocument {
  certificatePem: string;
  keyPem: string;
}

export interface OverviewDocument {
  atUnixMs: number;
  storeAtUnixMs?: number;
  verdict: {
    level: string;
    kind: string;
    text: string;
    remedy?: string;
    page?: string;
  };
  recovery: {
    level: string;
    reason: string;
    remedy?: string;
  };
  nodes: {
    id: string;
    name: string;
    state: string;
    isConnected: boolean;
    snapshots: number;
    lastBackupUnixMs?: number;
    protection?: string;
    reason?: string;
    rpoSeconds?: number;
    rtoSeconds?: number;
    rehearsedUnixMs?: number;
  }[];
  capacity: {
    storeBytes?: number;
    freeBytes: number;
    diskBytes: number;
    protectedBytes?: number;
    restorableBytes?: number;
    dedupeRatio?: number;
    compressionRatio?: number;
    daysToFull?: number;
  };
  throughput: {
    nowBytesPerSecond?: number;
    days: {
      day: string;
      bytes: number;
      newBytes: number;
      seconds: number;
    }[];
  };
  arrays: {
    name: string;
    level: string;
    state: string;
    progress?: number;
  }[];
  alerts: {
    id: number;
    severity: string;
    text: string;
    remedy: string;
    sinceUnixMs: number;
    acknowledgedBy?: string;
  }[];
  tunnel?: {
    state: string;
    reason: string;
    endpoint?: string;
    handshakeUnixMs?: number;
  };
  jobs: JobMessage[];
  subsystems: {
    vault: string;
    tunnel: string;
    raid: string;
  };
}

export interface PanelDocument {
  drawing: {
    model: string;
    title: string;
    bays: {
      no: number;
      label: string;
      led?: string;
    }[];
    columns: number;
    rows: number;
    buttons: {
      name: string;
      holdsMs: number[];
    }[];
  };
  leds: {
    name: string;
    label: string;
    colour: string;
    pattern: string;
    stepsMs: number[];
    phaseMs: number;
    isLit: boolean;
  }[];
  lines: string[];
  pressable: string[];
  isVirtual: boolean;
  presentUntilUnixMs?: number;
  serverMs: number;
}

export interface SecondFactorDocument {
  code?: string;
}

export interface SecondFactorOffer {
  secret: string;
  uri: string;
}

export interface SessionDocument {
  account: string;
  role: string;
  csrf: string;
  idleSeconds: number;
  hasSecondFactor: boolean;
  recoveryKey?: string;
}

export interface SetupDocument {
  setupToken: string;
  account: string;
  password: string;
  applianceName?: string;
  zone?: string;
}

export interface SetupStateDocument {
  needed: boolean;
  applianceName: string;
  model: string;
  fingerprint: string;
  zone: string;
}

/** The services' methods, for POST /api/v1/<name>. */
export interface Methods {
  'gatewayos.v1.Accounts/AddUser': { request: AddUserRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/ChangeOwnPassword': { request: ChangeOwnPasswordRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/CreateApiToken': { request: CreateApiTokenRequest; reply: CreateApiTokenReply; streams: false };
  'gatewayos.v1.Accounts/ListApiTokens': { request: ListApiTokensRequest; reply: ListApiTokensReply; streams: false };
  'gatewayos.v1.Accounts/ListUsers': { request: ListUsersRequest; reply: ListUsersReply; streams: false };
  'gatewayos.v1.Accounts/RemoveSecondFactor': { request: UserRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/RemoveUser': { request: UserRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/RevokeApiToken': { request: RevokeApiTokenRequest; reply: ApiTokenInfo; streams: false };
  'gatewayos.v1.Accounts/SetPassword': { request: SetPasswordRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/SetRole': { request: SetRoleRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Accounts/Unlock': { request: UserRequest; reply: UserInfo; streams: false };
  'gatewayos.v1.Alerts/Acknowledge': { request: AlertRequest; reply: AlertInfo; streams: false };
  'gatewayos.v1.Alerts/List': { request: ListAlertsRequest; reply: ListAlertsReply; streams: false };
  'gatewayos.v1.Alerts/ListHolds': { request: ListHoldsRequest; reply: ListHoldsReply; streams: false };
  'gatewayos.v1.Alerts/ReleaseHold': { request: ReleaseHoldRequest; reply: ReleaseHoldReply; streams: false };
  'gatewayos.v1.Alerts/Show': { request: AlertRequest; reply: ShowAlertReply; streams: false };
  'gatewayos.v1.Alerts/Test': { request: TestAlertRequest; reply: AlertInfo; streams: false };
  'gatewayos.v1.AuditLog/List': { request: ListAuditRequest; reply: ListAuditReply; streams: false };
  'gatewayos.v1.AuditLog/Verify': { request: VerifyAuditRequest; reply: VerifyAuditReply; streams: false };
  'gatewayos.v1.Catalogue/Find': { request: FindRequest; reply: FindReply; streams: false };
  'gatewayos.v1.Catalogue/ListVersions': { request: ListVersionsRequest; reply: FindReply; streams: false };
  'gatewayos.v1.Hardware/GetProfile': { request: GetProfileRequest; reply: HardwareProfileMessage; streams: false };
  'gatewayos.v1.Hardware/GetSensors': { request: GetSensorsRequest; reply: GetSensorsReply; streams: false };
  'gatewayos.v1.Hardware/ValidateProfile': { request: ValidateProfileRequest; reply: ValidateProfileReply; streams: false };
  'gatewayos.v1.Jobs/CancelJob': { request: JobRequestById; reply: JobMessage; streams: false };
  'gatewayos.v1.Jobs/GetBenchmark': { request: GetBenchmarkRequest; reply: BenchmarkReply; streams: false };
  'gatewayos.v1.Jobs/ListJobs': { request: ListJobsRequest; reply: ListJobsReply; streams: false };
  'gatewayos.v1.Jobs/ListProtection': { request: ListProtectionRequest; reply: ListProtectionReply; streams: false };
  'gatewayos.v1.Jobs/OrderBenchmark': { request: OrderBenchmarkRequest; reply: JobMessage; streams: false };
  'gatewayos.v1.Jobs/OrderJob': { request: OrderJobRequest; reply: JobMessage; streams: false };
  'gatewayos.v1.Jobs/OrderRestore': { request: OrderRestoreRequest; reply: JobMessage; streams: false };
  'gatewayos.v1.Jobs/WatchJob': { request: JobRequestById; reply: JobMessage; streams: true };
  'gatewayos.v1.Management/ApproveNode': { request: NodeRequest; reply: NodeInfo; streams: false };
  'gatewayos.v1.Management/BackUpNode': { request: BackUpNodeRequest; reply: JobReport; streams: true };
  'gatewayos.v1.Management/CreateToken': { request: CreateTokenRequest; reply: CreateTokenReply; streams: false };
  'gatewayos.v1.Management/GetSettings': { request: GetSettingsRequest; reply: ApplianceSettingsMessage; streams: false };
  'gatewayos.v1.Management/GetStatus': { request: GetStatusRequest; reply: ApplianceStatus; streams: false };
  'gatewayos.v1.Management/ListNodeSnapshots': { request: NodeRequest; reply: ListNodeSnapshotsReply; streams: false };
  'gatewayos.v1.Management/ListNodes': { request: ListNodesRequest; reply: ListNodesReply; streams: false };
  'gatewayos.v1.Management/MakeRecoveryKey': { request: MakeRecoveryKeyRequest; reply: MakeRecoveryKeyReply; streams: false };
  'gatewayos.v1.Management/RemoveNode': { request: NodeRequest; reply: NodeInfo; streams: false };
  'gatewayos.v1.Management/RevokeNode': { request: NodeRequest; reply: NodeInfo; streams: false };
  'gatewayos.v1.Management/SetSettings': { request: SetSettingsRequest; reply: ApplianceSettingsMessage; streams: false };
  'gatewayos.v1.Panel/Press': { request: PressRequest; reply: PanelMessage; streams: false };
  'gatewayos.v1.Panel/Show': { request: ShowPanelRequest; reply: PanelMessage; streams: false };
  'gatewayos.v1.Panel/TestLamps': { request: TestLampsRequest; reply: PanelMessage; streams: false };
  'gatewayos.v1.Policies/AssignPolicy': { request: AssignPolicyRequest; reply: PolicyChangeReply; streams: false };
  'gatewayos.v1.Policies/DeletePolicy': { request: PolicyRequest; reply: PolicyChangeReply; streams: false };
  'gatewayos.v1.Policies/GetPolicy': { request: PolicyRequest; reply: PolicyMessage; streams: false };
  'gatewayos.v1.Policies/ListPolicies': { request: ListPoliciesRequest; reply: ListPoliciesReply; streams: false };
  'gatewayos.v1.Policies/PreviewPolicy': { request: PreviewPolicyRequest; reply: PreviewPolicyReply; streams: false };
  'gatewayos.v1.Policies/SetPolicy': { request: SetPolicyRequest; reply: PolicyChangeReply; streams: false };
  'gatewayos.v1.Power/ListFailures': { request: ListFailuresRequest; reply: ListFailuresReply; streams: false };
  'gatewayos.v1.Power/ShutDown': { request: ShutDownRequest; reply: ShutDownReply; streams: false };
  'gatewayos.v1.Raid/CancelReplacement': { request: ReplacementRequest; reply: ReplacementInfo; streams: false };
  'gatewayos.v1.Raid/Check': { request: CheckArrayRequest; reply: RaidStatusReply; streams: false };
  'gatewayos.v1.Raid/ConfirmReplacement': { request: ReplacementRequest; reply: ReplacementInfo; streams: false };
  'gatewayos.v1.Raid/GetDiskHistory': { request: DiskHistoryRequest; reply: DiskHistoryReply; streams: false };
  'gatewayos.v1.Raid/GetStatus': { request: GetRaidStatusRequest; reply: RaidStatusReply; streams: false };
  'gatewayos.v1.Raid/OverwriteNewDisk': { request: OverwriteNewDiskRequest; reply: ReplacementInfo; streams: false };
  'gatewayos.v1.Raid/Replace': { request: ReplaceDiskRequest; reply: ReplacementInfo; streams: false };
  'gatewayos.v1.Reset/Erase': { request: EraseRequest; reply: EraseReply; streams: false };
  'gatewayos.v1.Snapshots/List': { request: ListSnapshotInfosRequest; reply: ListSnapshotInfosReply; streams: false };
  'gatewayos.v1.Snapshots/Lock': { request: LockSnapshotRequest; reply: SnapshotInfo; streams: false };
  'gatewayos.v1.Snapshots/Show': { request: SnapshotRequest; reply: SnapshotInfo; streams: false };
  'gatewayos.v1.Support/Make': { request: MakeSupportRequest; reply: SupportBytes; streams: true };
  'gatewayos.v1.Support/Preview': { request: PreviewSupportRequest; reply: PreviewSupportReply; streams: false };
  'gatewayos.v1.Tunnel/GetKey': { request: GetTunnelKeyRequest; reply: TunnelKeyReply; streams: false };
  'gatewayos.v1.Tunnel/GetStatus': { request: GetTunnelStatusRequest; reply: TunnelStatusMessage; streams: false };
  'gatewayos.v1.Tunnel/Probe': { request: ProbeTunnelRequest; reply: ProbeTunnelReply; streams: false };
  'gatewayos.v1.Tunnel/Set': { request: SetTunnelRequest; reply: SetTunnelReply; streams: false };
  'gatewayos.v1.Tunnel/Switch': { request: SwitchTunnelRequest; reply: TunnelStatusMessage; streams: false };
  'gatewayos.v1.Updates/BeginUpload': { request: BeginUploadRequest; reply: UploadReply; streams: false };
  'gatewayos.v1.Updates/CheckBundle': { request: BundleRequest; reply: BundleReply; streams: false };
  'gatewayos.v1.Updates/Fetch': { request: FetchUpdateRequest; reply: UpdateAttemptInfo; streams: false };
  'gatewayos.v1.Updates/GetStatus': { request: GetUpdateStatusRequest; reply: UpdateStatusReply; streams: false };
  'gatewayos.v1.Updates/Install': { request: InstallUpdateRequest; reply: UpdateAttemptInfo; streams: false };
  'gatewayos.v1.Updates/PutPiece': { request: PutPieceRequest; reply: UploadReply; streams: false };
  'gatewayos.v1.Vaults/Add': { request: AddVaultRequest; reply: VaultInfo; streams: false };
  'gatewayos.v1.Vaults/List': { request: ListVaultsRequest; reply: ListVaultsReply; streams: false };
  'gatewayos.v1.Vaults/Remove': { request: VaultRequest; reply: VaultInfo; streams: false };
  'gatewayos.v1.Vaults/SetBandwidth': { request: SetVaultBandwidthRequest; reply: VaultInfo; streams: false };
}
