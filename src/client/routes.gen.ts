// Generated from specs/standin.yaml by `npm run generate`. Do not edit.
import type * as contract from '../admin/contract.gen.ts'

/** Method and path below `/_standin`, by operationId. */
export const ROUTES = {
  getFrontPage: 'GET /',
  getHealth: 'GET /health',
  getReady: 'GET /ready',
  getMetrics: 'GET /metrics',
  getLimits: 'GET /limits',
  getReference: 'GET /docs',
  getOpenapiDocument: 'GET /openapi/{document}',
  getCa: 'GET /ca.pem',
  openSession: 'POST /session',
  closeSession: 'DELETE /session',
  listSandboxes: 'GET /sandboxes',
  createSandbox: 'POST /sandboxes',
  getSandbox: 'GET /sandboxes/{name}',
  deleteSandbox: 'DELETE /sandboxes/{name}',
  getCredentials: 'GET /credentials',
  getExamples: 'GET /examples',
  listUsers: 'GET /users',
  getUser: 'GET /users/{api}/{id}',
  updateUser: 'PATCH /users/{api}/{id}',
  deleteUser: 'DELETE /users/{api}/{id}',
  listRequests: 'GET /requests',
  clearRequests: 'DELETE /requests',
  awaitRequests: 'GET /requests/await',
  getRequest: 'GET /requests/{id}',
  explainRequest: 'GET /requests/{id}/explain',
  streamEvents: 'GET /events',
  verifyRequests: 'POST /verify',
  getReportCard: 'GET /report-card',
  getLedger: 'GET /ledger',
  seedUsers: 'POST /seed',
  resetSandbox: 'POST /reset',
  putFixtures: 'PUT /fixtures',
  getState: 'GET /state',
  putState: 'PUT /state',
  listSnapshots: 'GET /snapshots',
  saveSnapshot: 'PUT /snapshots/{snapshot}',
  deleteSnapshot: 'DELETE /snapshots/{snapshot}',
  restoreSnapshot: 'POST /snapshots/{snapshot}/restore',
  diffSnapshot: 'GET /snapshots/{snapshot}/diff',
  getClock: 'GET /clock',
  putClock: 'PUT /clock',
  advanceClock: 'POST /clock/advance',
  listFaults: 'GET /faults',
  addFault: 'POST /faults',
  replaceFaults: 'PUT /faults',
  clearFaults: 'DELETE /faults',
  getFaultCatalogue: 'GET /fault-catalogue',
  getFault: 'GET /faults/{fault}',
  putFault: 'PUT /faults/{fault}',
  deleteFault: 'DELETE /faults/{fault}',
  listSubscriptions: 'GET /webhooks',
  createSubscription: 'POST /webhooks',
  testWebhook: 'POST /webhooks/test',
  updateSubscription: 'PATCH /webhooks/{webhook}',
  deleteSubscription: 'DELETE /webhooks/{webhook}',
  listDeliveries: 'GET /deliveries',
  awaitDeliveries: 'GET /deliveries/await',
  getDelivery: 'GET /deliveries/{delivery}',
  checkDelivery: 'GET /deliveries/{delivery}/check',
  redeliver: 'POST /deliveries/{delivery}/redeliver',
  settle: 'POST /settle',
  receive: 'POST /inbox/{inbox}',
  listInbox: 'GET /inbox/{inbox}',
  clearInbox: 'DELETE /inbox/{inbox}',
} as const

/** Body of a successful answer, by operationId. */
export interface Answers {
  getFrontPage: contract.FrontPage
  getHealth: contract.Health
  getReady: contract.Readiness
  getMetrics: string
  getLimits: contract.Limits
  getReference: string
  getOpenapiDocument: contract.OpenapiDocument
  getCa: string
  openSession: contract.Session
  closeSession: contract.Session
  listSandboxes: contract.SandboxList
  createSandbox: contract.Sandbox
  getSandbox: contract.Sandbox
  deleteSandbox: contract.Sandbox
  getCredentials: contract.Credentials
  getExamples: contract.Examples
  listUsers: contract.UserPage
  getUser: contract.User
  updateUser: contract.User
  deleteUser: contract.User
  listRequests: contract.RequestPage
  clearRequests: contract.RequestsCleared
  awaitRequests: contract.Awaited
  getRequest: contract.RecordedRequest
  explainRequest: contract.Explanation
  streamEvents: string
  verifyRequests: contract.Verified
  getReportCard: contract.ReportCard
  getLedger: contract.Ledger
  seedUsers: contract.Seeded
  resetSandbox: contract.Sandbox
  putFixtures: contract.Sandbox
  getState: contract.State
  putState: contract.Sandbox
  listSnapshots: contract.SnapshotList
  saveSnapshot: contract.Snapshot
  deleteSnapshot: contract.Snapshot
  restoreSnapshot: contract.Sandbox
  diffSnapshot: contract.Difference
  getClock: contract.ClockState
  putClock: contract.ClockState
  advanceClock: contract.ClockState
  listFaults: contract.FaultList
  addFault: contract.Fault
  replaceFaults: contract.FaultList
  clearFaults: contract.FaultList
  getFaultCatalogue: contract.FaultCatalogue
  getFault: contract.Fault
  putFault: contract.Fault
  deleteFault: contract.Fault
  listSubscriptions: contract.SubscriptionList
  createSubscription: contract.NewlyMadeSubscription
  testWebhook: contract.Delivery
  updateSubscription: contract.Subscription
  deleteSubscription: contract.Subscription
  listDeliveries: contract.DeliveryPage
  awaitDeliveries: contract.DeliveriesAwaited
  getDelivery: contract.Delivery
  checkDelivery: contract.DeliveryCheck
  redeliver: contract.Delivery
  settle: contract.Settled
  receive: contract.InboxReceipt
  listInbox: contract.InboxPage
  clearInbox: contract.InboxPage
}
