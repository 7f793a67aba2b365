// Spans that a policy protects whatever its condition reads, and that could not be looked for: its `on error` decides, as for a condition.
import type { BoundPolicies } from './bind.ts'
import type { ContentScan } from './content-scan.ts'
import type { Refused } from './language.ts'
import type { SpanCall } from './spans.ts'

const MESSAGE = 'The text could not be checked, so it was not let through.'

const NO_OPERANDS: { readonly [name: string]: unknown } = {}

/** The refusal of the first (strongest) call whose detectors failed; null if none failed, or `on error` lets it pass. */
export function refusedForFailedSpans(
  { program }: BoundPolicies,
  calls: readonly SpanCall[],
  content: Pick<ContentScan, 'hasFailed'>,
): Refused | null {
  for (const { call, detectors } of calls) {
    if (!content.hasFailed(detectors)) continue
    const onError = program.bundle.policies.find(({ id }) => id === call.policy)?.onError ?? null
    if (onError !== null && onError.verb !== 'deny') continue
    const { code, message, status } = onError?.operands ?? NO_OPERANDS
    return {
      policy: call.policy,
      code: typeof code === 'string' ? code : 'policy.scan_failed',
      message: typeof message === 'string' ? message : MESSAGE,
      status: typeof status === 'number' ? status : null,
    }
  }
  return null
}
