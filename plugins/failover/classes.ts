// What a failed attempt means for the next one: the whole of the failover policy in one table.
// A quota that is used up is not a rate limit: waiting seconds does not cure it, so its target is left alone for longer.
import type { FailureClass } from '../../core/plugin/index.ts'

export interface FailureRule {
  /** May the same target be asked again? `if_last`: only when no other target is left, since another one answers sooner. */
  readonly retry: 'yes' | 'if_last' | 'no'
  /** May the next target be asked? No where every provider would say the same, or where asking would dodge a refusal. */
  readonly next: boolean
  /** What the breaker learns: the target is ill, is well (it answered sensibly), or nothing. */
  readonly health: 'failure' | 'success' | 'none'
  /** Keeps the target away for as long as it asks for; the number (ms) stands in when it names no time. Null: does not apply. */
  readonly coolDownMs: number | null
}

export const FAILURE_RULES: { readonly [failure in FailureClass]: FailureRule } = {
  connect_failed: { retry: 'yes', next: true, health: 'failure', coolDownMs: null },
  connect_timeout: { retry: 'if_last', next: true, health: 'failure', coolDownMs: null },
  first_token_timeout: { retry: 'no', next: true, health: 'failure', coolDownMs: null },
  idle_timeout: { retry: 'no', next: true, health: 'failure', coolDownMs: null },
  total_timeout: { retry: 'no', next: true, health: 'failure', coolDownMs: null },
  connection_lost: { retry: 'yes', next: true, health: 'failure', coolDownMs: null },
  rate_limited: { retry: 'if_last', next: true, health: 'none', coolDownMs: 0 },
  quota_exhausted: { retry: 'no', next: true, health: 'none', coolDownMs: 60_000 },
  overloaded: { retry: 'if_last', next: true, health: 'failure', coolDownMs: null },
  server_error: { retry: 'yes', next: true, health: 'failure', coolDownMs: null },
  malformed: { retry: 'no', next: true, health: 'failure', coolDownMs: null },
  bad_credentials: { retry: 'no', next: true, health: 'none', coolDownMs: null },
  model_missing: { retry: 'no', next: true, health: 'none', coolDownMs: null },
  bad_request: { retry: 'no', next: false, health: 'success', coolDownMs: null },
  context_too_long: { retry: 'no', next: true, health: 'success', coolDownMs: null },
  content_filtered: { retry: 'no', next: false, health: 'success', coolDownMs: null },
  breaker_open: { retry: 'no', next: true, health: 'none', coolDownMs: null },
}
