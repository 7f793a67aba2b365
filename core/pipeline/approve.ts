// A request that needs somebody's consent: without it the client gets 409 with the approval to follow; with it, for this very content, it goes on.
import { GatewayError } from '../errors/gateway-error.ts'
import { newId } from '../model/ids.ts'
import { then, type Awaitable } from '../model/maybe-promise.ts'
import type { Approval } from '../model/state.ts'
import type { Decision } from '../policy/language.ts'
import type { EffectCall } from '../plugin/contract.ts'
import type { Exchange } from './exchange.ts'

/** How long an approval may wait and be used where no policy says less. */
const LIFE_MS = 24 * 3_600_000

/** Null: nothing is needed, or the approval that the client shows is given, for this caller and this content. */
export function approve(exchange: Exchange, { effects }: Decision): Awaitable<GatewayError | null> {
  const shown = exchange.incoming.header('x-sallyport-approval')
  const known = shown === null ? null : exchange.kernel.state.approvals.find(shown)
  return then(known, (approval) =>
    approval && isFor(approval, exchange) ? answerFor(exchange, approval) : ask(exchange, wishesOf(effects)),
  )
}

interface Wishes {
  readonly approvers: readonly string[]
  readonly lifeMs: number
}

/** All whose consent is asked for; the shortest time holds. */
function wishesOf(effects: readonly EffectCall[]): Wishes {
  const calls = effects.filter(({ verb }) => verb === 'require')
  const times = calls.flatMap(({ operands }) => (typeof operands.duration === 'number' ? [operands.duration] : []))
  return { approvers: [...new Set(calls.map(({ operands }) => String(operands.text)))], lifeMs: Math.min(LIFE_MS, ...times) }
}

/** The same request of the same caller asks once, however often it is repeated. */
function ask(exchange: Exchange, { approvers, lifeMs }: Wishes): Awaitable<GatewayError | null> {
  const now = exchange.kernel.clock.now()
  const fresh: Approval = {
    ...identityOf(exchange),
    id: newId('apr'),
    policy: exchange.primaryPolicy,
    approvers,
    state: 'pending',
    createdAt: now,
    expiresAt: now + lifeMs,
    decidedBy: null,
    decidedAt: null,
  }
  return then(exchange.kernel.state.approvals.request(fresh), (approval) => {
    exchange.approvalId = approval.id
    return refusalFor(approval)
  })
}

function answerFor(exchange: Exchange, approval: Approval): GatewayError | null {
  exchange.approvalId = approval.id
  return approval.state === 'approved' ? null : refusalFor(approval)
}

function refusalFor({ id, state, policy }: Approval): GatewayError {
  if (state === 'rejected')
    return new GatewayError('policy_denied', {
      policy,
      reason: 'approval.rejected',
      message: `The approval ${id} of this request was rejected.`,
    })
  const repeat = `repeat the same request with \`x-sallyport-approval: ${id}\``
  return new GatewayError('approval_required', {
    policy,
    message:
      state === 'approved'
        ? `The request is approved; it has to say so: \`x-sallyport-approval: ${id}\`.`
        : `The request needs an approval; ${id} waits for its verdict.`,
    resolution: state === 'approved' ? `R${repeat.slice(1)}.` : `Follow it at /admin/v1/approvals/${id}; once it is given, ${repeat}.`,
  })
}

function isFor(approval: Approval, exchange: Exchange): boolean {
  const { tenant, keyId, contentHash } = identityOf(exchange)
  return approval.tenant === tenant && approval.keyId === keyId && approval.contentHash === contentHash
}

function identityOf({ principal, requestHash }: Exchange): Pick<Approval, 'tenant' | 'keyId' | 'contentHash'> {
  const { tenantId, keyId, user } = principal!
  return { tenant: tenantId, keyId: keyId ?? `user ${user?.id ?? ''}`, contentHash: requestHash }
}
