// The account of one exchange: what is known for the record and the settlement, whatever happens next.
// The steps of the walk hand their results to each other; here they only note what happened.
import type { AnswerableView, Claims, ExchangeView, Hold, TokenSession } from '../plugin/contract.ts'
import type { AttemptOutcome } from '../upstream/port.ts'
import type { FindingRow, RequestRow } from '../record/rows.ts'
import type { ContentScan } from '../policy/content-scan.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { HeldFindings, Rewrite } from './findings.ts'
import type { HookLedger } from '../plugin/run.ts'
import type { Incoming, Reply } from './ports.ts'
import type { Kernel, Snapshot } from './snapshot.ts'
import type { Principal } from '../model/principal.ts'
import type { Reason } from '../policy/language.ts'
import type { Target } from '../model/target.ts'
import type { InboundRequest } from '../model/request.ts'
import { NO_USAGE, type UpstreamFailure, type Usage, type UsageSource } from '../model/answer.ts'
import { newId, newTraceId, traceIdOf } from '../model/ids.ts'
import { readClaims } from './claims.ts'
import type { Feature, Tenant } from '../model/directory.ts'

export class Exchange implements HookLedger {
  readonly kernel: Kernel
  readonly snapshot: Snapshot
  readonly incoming: Incoming
  readonly reply: Reply
  readonly id = newId('req')
  readonly traceId: string
  readonly receivedAt: number
  readonly startedAt: number
  readonly claims: Claims
  readonly abort = new AbortController()

  principal: Principal | null = null
  request: InboundRequest | null = null
  view: ExchangeView | null = null
  answerable: AnswerableView | null = null
  /** Placeholders in this request whose values come back in its answer; null while nothing asked for any. */
  tokens: TokenSession | null = null

  verdict: 'allow' | 'approval' | 'deny' | '' = ''
  primaryPolicy = ''
  readonly reasons: Reason[] = []
  /** What was looked for in the request, and in an answer that was judged whole. */
  prompt: ContentScan | null = null
  completion: ContentScan | null = null
  /** What span verbs did with it; null: nothing. */
  rewrites: Rewrite[] | null = null
  /** By location and detector; null: no held answer flows. */
  heldFindings: Map<string, HeldFindings> | null = null
  /** Of text that flowed. */
  readonly findings: FindingRow[] = []
  readonly findingCounts: { [detector: string]: number } = {}
  readonly attempts: AttemptOutcome[] = []
  readonly targetPolicies = new Map<Target, string[]>()
  readonly warnings = new Set<string>()
  readonly labels = new Set<string>()
  readonly holds: Hold[] = []
  readonly pluginUs: { [plugin: string]: number } = {}

  outcome: Exclude<RequestRow['outcome'], 'interrupted'> = 'failed'
  status = 0
  error: GatewayError | null = null
  failure: UpstreamFailure | null = null
  dispatched = false
  target: Target | null = null
  attemptKey: string | null = null
  usage: Usage = NO_USAGE
  usageSource: UsageSource = 'none'
  finishReason = ''
  choices = 0
  toolCalls = 0
  /** What no guard could read in the answer. */
  answerUnscanned: readonly string[] = []
  maxOutputTokens = 0
  ttftMs = 0
  /** Time spent waiting for the upstream, so that the rest is ours. */
  upstreamMs = 0
  heldBackChars = 0
  requestHash = ''
  responseHash = ''
  responseBytes = 0
  cacheStatus = ''
  approvalId = ''
  /** What plugins add to the headers of the answer. */
  readonly responseHeaders: { [name: string]: string } = {}
  clientGone = false
  isSettled = false
  costNano: bigint | null = null

  constructor(kernel: Kernel, snapshot: Snapshot, incoming: Incoming, reply: Reply) {
    this.kernel = kernel
    this.snapshot = snapshot
    this.incoming = incoming
    this.reply = reply
    this.receivedAt = kernel.clock.now()
    this.startedAt = kernel.clock.monotonic()
    this.traceId = traceIdOf(incoming.header('traceparent')) ?? newTraceId()
    this.claims = readClaims((name) => incoming.header(name))
    reply.onGone(() => {
      this.clientGone = true
      this.abort.abort()
    })
  }

  get tenant(): Tenant | null {
    return this.view?.tenant ?? null
  }

  get feature(): Feature | null {
    return this.view?.feature ?? null
  }

  addTime(plugin: string, us: number): void {
    this.pluginUs[plugin] = (this.pluginUs[plugin] ?? 0) + us
  }

  skipped(plugin: string, error: unknown): void {
    this.warnings.add('guard_skipped')
    this.kernel.log.error({ request_id: this.id, plugin, err: error }, 'a guard failed and was skipped, as its plugin declares')
  }

  elapsedMs(): number {
    return this.kernel.clock.monotonic() - this.startedAt
  }
}
