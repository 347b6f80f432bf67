import type * as t from './types';

/** The methods that the pages call, with their messages. The name is what stands after the package in the address. */
export interface Methods {
  'Management/GetStatus': [t.GetStatusRequest, t.ApplianceStatus];
  'Management/ListNodes': [t.ListNodesRequest, t.ListNodesReply];
  'Management/CreateToken': [t.CreateTokenRequest, t.CreateTokenReply];
  'Management/ApproveNode': [t.NodeRequest, t.NodeInfo];
  'Management/RevokeNode': [t.NodeRequest, t.NodeInfo];
  'Management/RemoveNode': [t.NodeRequest, t.NodeInfo];
  'Policies/ListPolicies': [t.ListPoliciesRequest, t.ListPoliciesReply];
  'Policies/GetPolicy': [t.PolicyRequest, t.PolicyMessage];
  'Policies/SetPolicy': [t.SetPolicyRequest, t.PolicyChangeReply];
  'Policies/DeletePolicy': [t.PolicyRequest, t.PolicyChangeReply];
  'Policies/AssignPolicy': [t.AssignPolicyRequest, t.PolicyChangeReply];
  'Policies/PreviewPolicy': [t.PreviewPolicyRequest, t.PreviewPolicyReply];
  'Jobs/ListJobs': [t.ListJobsRequest, t.ListJobsReply];
  'Jobs/OrderJob': [t.OrderJobRequest, t.JobMessage];
  'Jobs/OrderRestore': [t.OrderRestoreRequest, t.JobMessage];
  'Jobs/CancelJob': [t.JobRequestById, t.JobMessage];
  'Jobs/ListProtection': [t.ListProtectionRequest, t.ListProtectionReply];
  'Snapshots/List': [t.ListSnapshotInfosRequest, t.ListSnapshotInfosReply];
  'Snapshots/Lock': [t.LockSnapshotRequest, t.SnapshotInfo];
  'Catalogue/Find': [t.FindRequest, t.FindReply];
  'Catalogue/ListVersions': [t.ListVersionsRequest, t.FindReply];
  'Alerts/List': [t.ListAlertsRequest, t.ListAlertsReply];
  'Alerts/Show': [t.AlertRequest, t.ShowAlertReply];
  'Alerts/Acknowledge': [t.AlertRequest, t.AlertInfo];
  'Alerts/Test': [t.TestAlertRequest, t.AlertInfo];
  'Alerts/ListHolds': [t.ListHoldsRequest, t.ListHoldsReply];
  'Alerts/ReleaseHold': [t.ReleaseHoldRequest, t.ReleaseHoldReply];
  'AuditLog/List': [t.ListAuditRequest, t.ListAuditReply];
  'AuditLog/Verify': [t.VerifyAuditRequest, t.VerifyAuditReply];
  'Accounts/ListUsers': [t.ListUsersRequest, t.ListUsersReply];
  'Accounts/AddUser': [t.AddUserRequest, t.UserInfo];
  'Accounts/RemoveUser': [t.UserRequest, t.UserInfo];
  'Accounts/SetRole': [t.SetRoleRequest, t.UserInfo];
  'Accounts/SetPassword': [t.SetPasswordRequest, t.UserInfo];
  'Accounts/ChangeOwnPassword': [t.ChangeOwnPasswordRequest, t.UserInfo];
  'Accounts/Unlock': [t.UserRequest, t.UserInfo];
  'Accounts/CreateApiToken': [t.CreateApiTokenRequest, t.CreateApiTokenReply];
  'Accounts/ListApiTokens': [t.ListApiTokensRequest, t.ListApiTokensReply];
  'Accounts/RevokeApiToken': [t.RevokeApiTokenRequest, t.ApiTokenInfo];
  'Hardware/GetProfile': [t.GetProfileRequest, t.HardwareProfileMessage];
  'Hardware/GetSensors': [t.GetSensorsRequest, t.GetSensorsReply];
  'Panel/Press': [t.PressRequest, t.PanelMessage];
  'Panel/TestLamps': [t.TestLampsRequest, t.PanelMessage];
  'Power/ListFailures': [t.ListFailuresRequest, t.ListFailuresReply];
  'Power/ShutDown': [t.ShutDownRequest, t.ShutDownReply];
  'Raid/GetStatus': [t.GetRaidStatusRequest, t.RaidStatusReply];
  'Raid/Replace': [t.ReplaceDiskRequest, t.ReplacementInfo];
  'Raid/ConfirmReplacement': [t.ReplacementRequest, t.ReplacementInfo];
  'Raid/CancelReplacement': [t.ReplacementRequest, t.ReplacementInfo];
  'Raid/OverwriteNewDisk': [t.OverwriteNewDiskRequest, t.ReplacementInfo];
  'Raid/Check': [t.CheckArrayRequest, t.RaidStatusReply];
}

export type MethodName = keyof Methods;
