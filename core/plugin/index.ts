// The door: everything a plugin may import. A plugin that needs more asks for it here, never around it.
export * from './contract.ts'
export { GatewayError, type GatewayErrorDetails } from '../errors/gateway-error.ts'
export type { ErrorCode } from '../errors/catalogue.ts'
export type { Json, JsonObject, Value } from '../model/value.ts'
export type { Part, TextEdit, Finding, Location } from '../model/content.ts'
export type { InboundRequest, OutgoingRequest, RequestTool } from '../model/request.ts'
export {
  NO_USAGE,
  type Answer,
  type FailureClass,
  type StreamEvent,
  type UpstreamFailure,
  type Usage,
  type UsageSource,
} from '../model/answer.ts'
export type { Principal } from '../model/principal.ts'
export type { Directory, Feature, KeyRow, Model, Pool, Tenant, User, PiiMode } from '../model/directory.ts'
export { readQuota, type Quota, type QuotaSpec } from '../model/quota.ts'
export type { ProviderInfo, Rates, Target, Timeouts } from '../model/target.ts'
export { bookedKey, counterName, countsUse, readCounterName, type Booked, type Booking, type CounterIdentity } from '../model/counters.ts'
export type {
  Approval,
  BreakerSettings,
  BreakerState,
  Breakers,
  Claim,
  KeyStore,
  Ledger,
  Level,
  Raise,
  Raises,
  Reserved,
  State,
  Vault,
  VaultScope,
} from '../model/state.ts'
export { costNano, divideHalfEven, formatNano, parseDecimal, timesDecimal } from '../model/money.ts'
export { nearest } from '../model/nearest.ts'
export { FailedLogins } from '../model/failed-logins.ts'
export { isKeyRow } from '../model/key-row.ts'
export { equalHashes, hashKey, makeKey, prefixOfKey } from '../model/key-material.ts'
export { SseParser, type OnSseEvent } from '../model/sse.ts'
export { classOfStatus, failureFrom, safeMessage } from '../model/provider-failure.ts'
